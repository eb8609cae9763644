package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.test.StepVerifier;

/** HTTP/1.1 on Hotpath's channels. */
class HttpIT extends ReactorNettyBed {
    @Test
    void onceArmedARequestTakesNoSubmissionToRead() throws InterruptedException {
        int requests = 10_000;
        Toggles toggles = new Toggles();
        HotpathLoopResources one = HotpathLoopResources.create("counted", 1, Combos.config());
        DisposableServer server = bind(server().runOn(one)
                .doOnChannelInit((_, channel, _) -> channel.pipeline().addFirst(toggles))
                .handle((request, response) -> {
                    request.withConnection(connection -> toggles.look(connection.channel()));
                    return response.send(request.receive().aggregate().retain());
                }));
        ConnectionProvider single = ConnectionProvider.create("single", 1);
        HttpClient client = HttpClient.create(single).runOn(others).host("127.0.0.1").port(server.port());
        post(client, "warm").block(LONG);
        EngineStats before = one.stats().getFirst();
        Flux.range(0, requests).concatMap(i -> post(client, "body " + i).filter(("body " + i)::equals), 1)
                .count()
                .as(StepVerifier::create)
                .expectNext((long) requests)
                .expectComplete()
                .verify(LONG);
        EngineStats after = one.stats().getFirst();
        assertThat(accepted).hasSize(1);
        assertThat(after.receives() - before.receives()).as("requests came in").isGreaterThanOrEqualTo(requests);
        assertThat(after.sends() - before.sends()).as("answers went out").isGreaterThanOrEqualTo(requests);
        assertThat(toggles.off.get()).as("reactor-netty switched autoRead off").isGreaterThanOrEqualTo(requests);
        assertThat(toggles.on.get()).as("and on again").isGreaterThanOrEqualTo(requests);
        assertThat(after.submissions() - before.submissions())
                .as("what the kernel took: one send for each answer, nothing for its request but for a receive that ended")
                .isBetween((long) requests, requests + requests / 1_000L);
        server.disposeNow(LONG);
        single.disposeLater().block(LONG);
        one.disposeLater(Duration.ZERO, LONG).block(LONG);
    }

    /** Counts how often autoRead is off when a request is handled, and on when its drain ends. */
    private static final class Toggles extends ChannelDuplexHandler {
        final AtomicInteger off = new AtomicInteger();
        final AtomicInteger on = new AtomicInteger();

        void look(Channel channel) {
            (channel.config().isAutoRead() ? on : off).incrementAndGet();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            look(context.channel());
            context.fireChannelReadComplete();
        }
    }

    /** Netty's HTTP codec ends a connection that has more than 128 requests waiting. */
    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        DisposableServer server =
                bind(server().handle((request, response) -> response.sendString(Mono.just("<" + request.uri() + ">"))));
        int requests = 128;
        try (Socket socket = connect(server)) {
            socket.setSoTimeout(30_000);
            String all = IntStream.range(0, requests)
                    .mapToObj(i -> "GET /" + i + " HTTP/1.1\r\nHost: x\r\n\r\n")
                    .collect(Collectors.joining());
            socket.getOutputStream().write(all.getBytes(StandardCharsets.US_ASCII));
            StringBuilder answers = new StringBuilder();
            byte[] part = new byte[65_536];
            while (answers.indexOf("</" + (requests - 1) + ">") < 0) {
                int count = socket.getInputStream().read(part);
                assertThat(count).as("answers end at %s", answers.length()).isPositive();
                answers.append(new String(part, 0, count, StandardCharsets.US_ASCII));
            }
            int from = 0;
            for (int i = 0; i < requests; i++) {
                int at = answers.indexOf("</" + i + ">", from);
                assertThat(at).as("answer %s, in order", i).isGreaterThanOrEqualTo(from);
                from = at;
            }
        }
    }

    @Test
    void theFirstPartOfAStreamedAnswerIsNotHeldBack() {
        CountDownLatch seen = new CountDownLatch(1);
        DisposableServer server = bind(server().handle((_, response) -> response.send(
                Flux.concat(Mono.just("first"), Mono.fromCallable(() -> {
                    assertThat(seen.await(300, TimeUnit.SECONDS)).isTrue();
                    return "second";
                }).subscribeOn(Schedulers.boundedElastic()))
                        .map(text -> Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)),
                _ -> true)));
        client(server, others).get().uri("/").responseContent().asString(StandardCharsets.UTF_8)
                .doOnNext(_ -> seen.countDown())
                .collectList()
                .as(StepVerifier::create)
                .assertNext(parts -> assertThat(String.join("", parts)).isEqualTo("firstsecond"))
                .expectComplete()
                .verify(LONG);
    }

    @Test
    void compressedAnswersAndUploadsWork() {
        DisposableServer server = bind(server().compress(true)
                .handle((request, response) -> response.sendString(request.receive().aggregate().asString())));
        String text = "compress me, ".repeat(20_000);
        assertThat(post(client(server, loops).compress(true), text).block(LONG)).isEqualTo(text);
    }

    @Test
    void theProxyProtocolGivesTheClientsAddress() throws IOException {
        DisposableServer server = bind(server()
                .proxyProtocol(reactor.netty.http.server.ProxyProtocolSupportType.ON)
                .handle((request, response) -> response
                        .sendString(Mono.fromSupplier(() -> "" + request.remoteAddress()))));
        try (Socket socket = connect(server)) {
            socket.getOutputStream().write(
                    "PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .contains("192.0.2.7:4711");
        }
    }
}
