package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.engine.EngineStats;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.unix.DomainSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.tcp.TcpClient;
import reactor.netty.tcp.TcpServer;
import reactor.test.StepVerifier;

/** Where reactor-netty runs with Hotpath's loops, and how its connections end. */
class ReactorNettyIT extends ReactorNettyBed {
    // ---- where it runs ---------------------------------------------------------------------------------------------

    @Test
    void serversAndClientsRunOnHotpathChannels() {
        DisposableServer server = bind(server().handle((_, response) -> response.sendString(Mono.just("hello"))));
        AtomicInteger connections = new AtomicInteger();
        String body = client(server, loops)
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
        DisposableServer server = bind(server().runOn(loops, false)
                .handle((_, response) -> response.sendString(Mono.just("hello"))));
        String body = client(server, loops).runOn(loops, false)
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
        assertThat(client(server, others).get().uri("/").responseContent().aggregate().asString().block(LONG))
                .isEqualTo("hello");
        assertThat(accepted).hasSize(1)
                .allSatisfy(each -> assertThat(each).isNotInstanceOf(HotpathSocketChannel.class));
        assertThat(off.stats()).as("no loop of ours has begun").isEmpty();
        server.disposeNow(LONG);
        off.disposeLater(Duration.ZERO, LONG).block(LONG);
    }

    @Test
    void saysWhatItDoesNotCarry() {
        EventLoopGroup group = loops.onClient(true);
        assertThatThrownBy(() -> loops.onChannel(DomainSocketChannel.class, group))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("DomainSocketChannel");
        assertThatThrownBy(() -> loops.onChannelClass(DomainSocketChannel.class, group))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("DomainSocketChannel");
    }

    @Test
    void aPortInUseIsABindException() {
        DisposableServer first = bind(server().handle((_, response) -> response.send()));
        assertThatThrownBy(() -> server().port(first.port()).bindNow(LONG))
                .hasRootCauseInstanceOf(BindException.class)
                .rootCause().hasMessageContaining("Address already in use");
    }

    // ---- pools, limits, ends ---------------------------------------------------------------------------------------

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
        HttpClient client = HttpClient.create(single).runOn(loops).host("127.0.0.1").port(server.port());
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
    void aGracefulStopLetsRunningRequestsFinish() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        DisposableServer server = bind(server()
                .channelGroup(new io.netty.channel.group.DefaultChannelGroup(loops.loops().next()))
                .handle((_, response) -> response.sendString(Mono.fromCallable(() -> {
                    started.countDown();
                    assertThat(finish.await(300, TimeUnit.SECONDS)).isTrue();
                    return "finished";
                }).subscribeOn(Schedulers.boundedElastic()))));
        Mono<String> answer = client(server, others).get().uri("/").responseContent().aggregate().asString().cache();
        answer.subscribe();
        assertThat(started.await(300, TimeUnit.SECONDS)).isTrue();
        Mono<Void> stopped = Mono.fromRunnable(() -> server.disposeNow(LONG))
                .subscribeOn(Schedulers.boundedElastic()).then().cache();
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
                        .onBackpressureDrop() // while 200 clients begin on a cold JVM
                        .map(i -> Unpooled.copiedBuffer("data: " + i + "\n\n", StandardCharsets.UTF_8))
                        .doOnSubscribe(_ -> running.incrementAndGet())
                        .doOnCancel(cancelled::incrementAndGet),
                _ -> true)));
        int clients = 200;
        Flux.range(0, clients)
                .flatMap(i -> client(server, others).get().uri("/").responseContent().asString()
                        .take(1 + i % 4).then(), clients)
                .then().block(LONG);
        assertThat(running).hasValue(clients);
        Flux.interval(Duration.ofMillis(10)).takeUntil(_ -> cancelled.get() == clients).then().block(LONG);
    }

    @Test
    void aTcpEchoSurvivesThatTheRingIsLost() {
        DisposableServer server = TcpServer.create().host("127.0.0.1").port(0).runOn(loops)
                .handle((in, out) -> out.send(in.receive().retain())).bindNow(LONG);
        opened.add(server);
        long bytes = 64L << 20;
        CRC32C sent = new CRC32C();
        CRC32C got = new CRC32C();
        AtomicLong count = new AtomicLong();
        long failovers = loops.stats().stream().mapToLong(EngineStats::failovers).sum();
        TcpClient.create().runOn(others).host("127.0.0.1").port(server.port())
                .handle((in, out) -> {
                    Mono<Void> reading = in.receive()
                            .doOnNext(part -> {
                                got.update(part.nioBuffer());
                                long before = count.getAndAdd(part.readableBytes());
                                if (before / (8 << 20) != count.get() / (8 << 20)) {
                                    loops.loops().forceUnhealthy();
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
        assertThat(loops.stats().stream().mapToLong(EngineStats::failovers).sum()).isGreaterThan(failovers + 7);
    }
}
