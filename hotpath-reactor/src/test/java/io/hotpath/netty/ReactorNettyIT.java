package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.engine.EngineStats;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.handler.timeout.ReadTimeoutException;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableChannel;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;
import reactor.test.StepVerifier;

/** reactor-netty on Hotpath's loops, asked through its own API. */
@Timeout(600)
class ReactorNettyIT {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final HotpathLoopResources LOOPS = HotpathLoopResources.create("it", 2, Combos.config());
    private static final LoopResources OTHERS = LoopResources.create("it-peer", 1, true);

    private final Set<Channel> accepted = ConcurrentHashMap.newKeySet();
    private final Queue<DisposableChannel> opened = new ConcurrentLinkedQueue<>();

    @AfterEach
    void closeAll() {
        opened.forEach(each -> each.disposeNow(LONG));
    }

    @AfterAll
    static void endLoops() {
        LOOPS.disposeLater(Duration.ZERO, LONG).block(LONG);
        OTHERS.disposeLater(Duration.ZERO, LONG).block(LONG);
        assertThat(LOOPS.isDisposed()).isTrue();
        assertThat(LOOPS.stats()).allSatisfy(each -> {
            assertThat(each.connections()).isZero();
            assertThat(each.staleCompletions()).isZero();
            assertThat(each.unexpectedErrnos()).isZero();
        });
        CountedLeaks.assertNone();
    }

    private HttpServer server() {
        return HttpServer.create().host("127.0.0.1").port(0).runOn(LOOPS)
                .doOnConnection(connection -> accepted.add(connection.channel()));
    }

    private DisposableServer bind(HttpServer server) {
        DisposableServer bound = server.bindNow(LONG);
        opened.add(bound);
        return bound;
    }

    private static HttpClient client(DisposableServer server, LoopResources loops) {
        return HttpClient.create().runOn(loops).host("127.0.0.1").port(server.port());
    }

    private static Socket connect(DisposableServer server) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), server.port());
    }

    // ---- where it runs ------------------------------------------------------------------------------------------

    @Test
    void serversAndClientsRunOnHotpathChannels() {
        DisposableServer server = bind(server().handle((_, response) -> response.sendString(Mono.just("hello"))));
        AtomicInteger connections = new AtomicInteger();
        String body = client(server, LOOPS)
                .doOnConnected(connection -> {
                    assertThat(connection.channel()).isInstanceOf(HotpathSocketChannel.class);
                    connections.incrementAndGet();
                })
                .get().uri("/").responseContent().aggregate().asString().block(LONG);
        assertThat(body).isEqualTo("hello");
        assertThat(connections).hasValue(1);
        assertThat(server.channel()).isInstanceOf(HotpathServerSocketChannel.class);
        assertThat(accepted).hasSize(1).allSatisfy(each -> assertThat(each).isInstanceOf(HotpathSocketChannel.class));
    }

    @Test
    void stepsAsideForWhoDoesNotWantNativeTransports() {
        DisposableServer server = bind(server().runOn(LOOPS, false)
                .handle((_, response) -> response.sendString(Mono.just("hello"))));
        String body = client(server, LOOPS).runOn(LOOPS, false)
                .get().uri("/").responseContent().aggregate().asString().block(LONG);
        assertThat(body).isEqualTo("hello");
        assertThat(accepted).hasSize(1).allSatisfy(each -> assertThat(each.getClass().getName()).contains(".nio."));
    }

    @Test
    void stepsAsideWhenSwitchedOff() {
        System.setProperty("hotpath.enabled", "false");
        HotpathLoopResources off = HotpathLoopResources.create("off", 1, Combos.config());
        System.clearProperty("hotpath.enabled");
        DisposableServer server = bind(server().runOn(off)
                .handle((_, response) -> response.sendString(Mono.just("hello"))));
        assertThat(client(server, OTHERS).get().uri("/").responseContent().aggregate().asString().block(LONG))
                .isEqualTo("hello");
        assertThat(accepted).hasSize(1)
                .allSatisfy(each -> assertThat(each).isNotInstanceOf(HotpathSocketChannel.class));
        assertThat(off.stats()).as("no loop of ours has begun").isEmpty();
        server.disposeNow(LONG);
        off.disposeLater(Duration.ZERO, LONG).block(LONG);
    }

    @Test
    void saysWhatItDoesNotCarry() {
        EventLoopGroup group = LOOPS.onClient(true);
        assertThatThrownBy(() -> LOOPS.onChannel(DatagramChannel.class, group))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("DatagramChannel");
    }

    @Test
    void aPortInUseIsABindException() {
        DisposableServer first = bind(server().handle((_, response) -> response.send()));
        assertThatThrownBy(() -> server().port(first.port()).bindNow(LONG))
                .hasRootCauseInstanceOf(BindException.class)
                .rootCause().hasMessageContaining("Address already in use");
    }

    // ---- HTTP/1.1 -----------------------------------------------------------------------------------------------

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
        HttpClient client = HttpClient.create(single).runOn(OTHERS).host("127.0.0.1").port(server.port());
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

    private static Mono<String> post(HttpClient client, String body) {
        return client.post().uri("/").send(Mono.fromSupplier(() -> Unpooled.copiedBuffer(body, StandardCharsets.UTF_8)))
                .responseSingle((_, content) -> content.asString());
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
    void largeBodiesGoUpAndComeDownWhole() {
        long bytes = Long.getLong("hotpath.netty.bulkBytes", 64L << 20);
        AtomicLong up = new AtomicLong();
        CRC32C sumUp = new CRC32C();
        DisposableServer server = bind(server().route(routes -> routes
                .post("/up", (request, response) -> request.receive()
                        .doOnNext(part -> {
                            sumUp.update(part.nioBuffer());
                            up.addAndGet(part.readableBytes());
                        })
                        .then(response.sendString(Mono.fromSupplier(() -> up + " " + sumUp.getValue())).then()))
                .get("/down", (_, response) -> response.send(blocks(bytes)))));
        CRC32C wanted = new CRC32C();
        blocks(bytes).doOnNext(block -> {
            wanted.update(block.nioBuffer());
            block.release();
        }).blockLast(LONG);
        for (LoopResources loops : List.of(OTHERS, LOOPS)) {
            up.set(0);
            sumUp.reset();
            String answer = client(server, loops).post().uri("/up").send(blocks(bytes))
                    .responseSingle((_, content) -> content.asString()).block(LONG);
            assertThat(answer).isEqualTo(bytes + " " + wanted.getValue());
            CRC32C sumDown = new CRC32C();
            Long down = client(server, loops).get().uri("/down").responseContent()
                    .map(part -> {
                        sumDown.update(part.nioBuffer());
                        return (long) part.readableBytes();
                    })
                    .reduce(0L, Long::sum).block(LONG);
            assertThat(down).isEqualTo(bytes);
            assertThat(sumDown.getValue()).isEqualTo(wanted.getValue());
        }
    }

    /** Blocks of odd sizes that differ from each other. */
    private static Flux<ByteBuf> blocks(long bytes) {
        return Flux.generate(() -> 0L, (at, sink) -> {
            if (at >= bytes) {
                sink.complete();
                return at;
            }
            int length = (int) Math.min(bytes - at, 60_000 + at % 9_973);
            ByteBuffer content = ByteBuffer.allocate(length);
            while (content.remaining() >= Long.BYTES) {
                content.putLong(at * 0x9E3779B97F4A7C15L + content.position());
            }
            // one access: leak detection records each
            ByteBuf block = ByteBufAllocator.DEFAULT.directBuffer(length).writeBytes(content.array());
            sink.next(block);
            return at + length;
        });
    }

    @Test
    void aFixedLengthBodyOfTenMebibytesIsAggregatedOnAnyRing() {
        DisposableServer server = bind(server().handle((request, response) -> response
                .sendString(request.receive().aggregate().asByteArray().map(all -> "" + all.length))));
        byte[] body = new byte[10 << 20];
        String length = client(server, LOOPS)
                .headers(headers -> headers.set("Content-Length", body.length))
                .post().uri("/").send(Mono.fromSupplier(() -> Unpooled.wrappedBuffer(body)))
                .responseSingle((_, content) -> content.asString()).block(LONG);
        assertThat(length).isEqualTo("" + body.length);
    }

    @Test
    void theFirstPartOfAStreamedAnswerIsNotHeldBack() {
        CountDownLatch seen = new CountDownLatch(1);
        DisposableServer server = bind(server().handle((_, response) -> response.send(
                Flux.concat(Mono.just("first"), Mono.fromCallable(() -> {
                    assertThat(seen.await(300, TimeUnit.SECONDS)).isTrue();
                    return "second";
                }).subscribeOn(reactor.core.scheduler.Schedulers.boundedElastic()))
                        .map(text -> Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)),
                _ -> true)));
        client(server, OTHERS).get().uri("/").responseContent().asString(StandardCharsets.UTF_8)
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
        assertThat(post(client(server, LOOPS).compress(true), text).block(LONG)).isEqualTo(text);
    }

    @Test
    void staticFilesOfEverySizeArriveWhole(@TempDir Path folder) throws IOException {
        int[] sizes = {1, 8_191, 8_192, 65_537, 40 << 20};
        for (int size : sizes) {
            byte[] content = new byte[size];
            new java.util.SplittableRandom(size).nextBytes(content);
            Files.write(folder.resolve(size + ".bin"), content);
        }
        DisposableServer server = bind(server().route(routes -> routes
                .get("/{name}", (request, response) -> response.sendFile(folder.resolve(request.param("name"))))));
        for (int size : sizes) {
            byte[] got = client(server, OTHERS).get().uri("/" + size + ".bin").responseContent().aggregate()
                    .asByteArray().block(LONG);
            assertThat(got).isEqualTo(Files.readAllBytes(folder.resolve(size + ".bin")));
        }
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

    // ---- pools, limits, ends ------------------------------------------------------------------------------------

    @Test
    void aPooledConnectionIsUsedAgainAndALostOneReplaced() {
        AtomicBoolean closeIt = new AtomicBoolean();
        DisposableServer server = bind(server().handle((request, response) -> {
            if (closeIt.getAndSet(false)) {
                response.withConnection(connection -> connection.channel().close());
                return Mono.never();
            }
            return response.sendString(Mono.just("ok"));
        }));
        ConnectionProvider single = ConnectionProvider.create("pool", 1);
        HttpClient client = HttpClient.create(single).runOn(LOOPS).host("127.0.0.1").port(server.port());
        for (int i = 0; i < 100; i++) {
            assertThat(client.get().uri("/").responseContent().aggregate().asString().block(LONG)).isEqualTo("ok");
        }
        assertThat(accepted).hasSize(1);
        closeIt.set(true);
        client.disableRetry(true).get().uri("/").response()
                .as(StepVerifier::create).expectError(IOException.class).verify(LONG);
        assertThat(client.get().uri("/").responseContent().aggregate().asString().block(LONG)).isEqualTo("ok");
        assertThat(accepted).hasSize(2);
        single.disposeLater().block(LONG);
    }

    @Test
    void connectionsBeyondTheLimitAreClosedAtOnce() throws IOException {
        DisposableServer server = bind(server().maxConnections(2)
                .handle((_, response) -> response.sendString(Mono.just("ok"))));
        try (Socket first = connect(server);
                Socket second = connect(server)) {
            ask(first);
            ask(second);
            try (Socket third = connect(server)) {
                third.setSoTimeout(30_000);
                assertThat(endOf(third)).isTrue();
            }
            ask(first);
        }
    }

    private static void ask(Socket socket) throws IOException {
        socket.setSoTimeout(30_000);
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        StringBuilder answer = new StringBuilder();
        while (!answer.toString().endsWith("\r\n\r\nok")) {
            answer.append((char) socket.getInputStream().read());
        }
    }

    private static boolean endOf(Socket socket) {
        try (InputStream in = socket.getInputStream()) {
            return in.read() == -1;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void anIdleConnectionIsClosed() throws IOException {
        DisposableServer server = bind(server().idleTimeout(Duration.ofMillis(200))
                .handle((_, response) -> response.sendString(Mono.just("ok"))));
        try (Socket socket = connect(server)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(all).startsWith("HTTP/1.1 200").contains("ok");
        }
    }

    @Test
    void aServerThatDoesNotAnswerInTimeIsAReadTimeout() {
        DisposableServer server = bind(server().handle((_, _) -> Mono.never()));
        client(server, LOOPS).responseTimeout(Duration.ofMillis(200)).get().uri("/").response()
                .as(StepVerifier::create).expectError(ReadTimeoutException.class).verify(LONG);
    }

    @Test
    void aGracefulStopLetsRunningRequestsFinish() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        DisposableServer server = bind(server()
                .channelGroup(new io.netty.channel.group.DefaultChannelGroup(LOOPS.loops().next()))
                .handle((_, response) -> response.sendString(Mono.fromCallable(() -> {
                    started.countDown();
                    assertThat(finish.await(300, TimeUnit.SECONDS)).isTrue();
                    return "finished";
                }).subscribeOn(reactor.core.scheduler.Schedulers.boundedElastic()))));
        Mono<String> answer = client(server, OTHERS).get().uri("/").responseContent().aggregate().asString().cache();
        answer.subscribe();
        assertThat(started.await(300, TimeUnit.SECONDS)).isTrue();
        Mono<Void> stopped = Mono.fromRunnable(() -> server.disposeNow(LONG))
                .subscribeOn(reactor.core.scheduler.Schedulers.boundedElastic()).then().cache();
        stopped.subscribe();
        finish.countDown();
        assertThat(answer.block(LONG)).isEqualTo("finished");
        stopped.block(LONG);
        assertThatThrownBy(() -> connect(server).close()).isInstanceOf(IOException.class);
    }

    @Test
    void clientsThatLeaveInMidStreamCancelTheirPublisher() {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger cancelled = new AtomicInteger();
        DisposableServer server = bind(server().handle((_, response) -> response.sse().send(
                Flux.interval(Duration.ofMillis(5))
                        .map(i -> Unpooled.copiedBuffer("data: " + i + "\n\n", StandardCharsets.UTF_8))
                        .doOnSubscribe(_ -> running.incrementAndGet())
                        .doOnCancel(cancelled::incrementAndGet),
                _ -> true)));
        int clients = 200;
        Flux.range(0, clients)
                .flatMap(i -> client(server, OTHERS).get().uri("/").responseContent().asString()
                        .take(1 + i % 4).then(), clients)
                .then().block(LONG);
        assertThat(running).hasValue(clients);
        Flux.interval(Duration.ofMillis(10)).takeUntil(_ -> cancelled.get() == clients).then().block(LONG);
    }

    @Test
    void aTcpEchoSurvivesThatTheRingIsLost() {
        DisposableServer server = TcpServer.create().host("127.0.0.1").port(0).runOn(LOOPS)
                .handle((in, out) -> out.send(in.receive().retain())).bindNow(LONG);
        opened.add(server);
        long bytes = 64L << 20;
        CRC32C sent = new CRC32C();
        CRC32C got = new CRC32C();
        AtomicLong count = new AtomicLong();
        long failovers = LOOPS.stats().stream().mapToLong(EngineStats::failovers).sum();
        TcpClient.create().runOn(OTHERS).host("127.0.0.1").port(server.port())
                .handle((in, out) -> {
                    Mono<Void> reading = in.receive()
                            .doOnNext(part -> {
                                got.update(part.nioBuffer());
                                long before = count.getAndAdd(part.readableBytes());
                                if (before / (8 << 20) != count.get() / (8 << 20)) {
                                    LOOPS.loops().forceUnhealthy();
                                }
                            })
                            .takeUntil(_ -> count.get() == bytes).then();
                    return out.send(blocks(bytes).doOnNext(block -> sent.update(block.nioBuffer())))
                            .then().and(reading);
                })
                .connect()
                .flatMap(connection -> connection.onDispose())
                .block(LONG);
        assertThat(count).hasValue(bytes);
        assertThat(got.getValue()).isEqualTo(sent.getValue());
        assertThat(LOOPS.stats().stream().mapToLong(EngineStats::failovers).sum()).isGreaterThan(failovers + 7);
    }
}
