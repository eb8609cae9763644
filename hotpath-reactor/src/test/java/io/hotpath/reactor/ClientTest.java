package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** The client against JDK server sockets and against our own server; every test ends with the audit. */
@Timeout(60)
class ClientTest {
    private static final int MIB = 1 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final HotpathClient client = HotpathClient.create().config(Running.CONFIG);
    private Set<String> descriptors = Set.of();
    private long threads;

    @BeforeAll
    static void needsUring() {
        UringHost.require();
        Audit.openPollers();
    }

    @BeforeEach
    void look() {
        threads = Audit.loopThreads();
        descriptors = Audit.descriptors();
    }

    @AfterEach
    void everythingIsBack() {
        Await.until("threads ended", () -> Audit.loopThreads() <= threads);
        Audit.awaitDescriptors(descriptors);
        EngineStats stats = client.loops().stats();
        if (stats != null) {
            Audit.clean(stats);
        }
    }

    private static ServerSocket listen(int backlog) throws IOException {
        return new ServerSocket(0, backlog, InetAddress.getLoopbackAddress());
    }

    // ---- conversations ------------------------------------------------------------------------------------------

    @Test
    void asksAndHearsTheAnswer() {
        BoundServer server = HotpathServer.create().handle(
                (in, out) -> out.sendString(in.aggregate(100).map(all -> "got " + new String(all, UTF_8)))).bindNow();
        HotpathClientConnection connection = client.host("localhost").port(server.port()).connectNow();
        StepVerifier.create(connection.outbound().sendString(Mono.just("a request")).shutdownOutput())
                .expectComplete()
                .verify(PATIENCE);
        StepVerifier.create(connection.inbound().aggregate(100).map(all -> new String(all, UTF_8)))
                .expectNext("got a request")
                .expectComplete()
                .verify(PATIENCE);
        assertThat(connection.isDisposed()).isFalse();
        connection.dispose();
        StepVerifier.create(connection.onDispose()).expectComplete().verify(PATIENCE);
        assertThat(connection.isDisposed()).isTrue();
        server.disposeNow();
        server.stats().forEach(Audit::clean);
    }

    @Test
    void closesWhenItsHandlerCompletes() throws Exception {
        try (ServerSocket server = listen(10)) {
            HotpathClientConnection connection = client.port(server.getLocalPort())
                    .handle((in, out) -> out.sendString(Flux.just("a", "b")))
                    .connectNow();
            try (Socket accepted = server.accept()) {
                assertThat(accepted.getInputStream().readAllBytes()).isEqualTo("ab".getBytes(UTF_8));
            }
            StepVerifier.create(connection.onDispose()).expectComplete().verify(PATIENCE);
        }
    }

    @Test
    void sends100MiBThroughTheEchoOfOurServer() {
        BoundServer server = HotpathServer.create().config(Running.CONFIG)
                .handle((in, out) -> out.send(in.receive())).bindNow();
        HotpathClientConnection connection = client.port(server.port()).connectNow();
        byte[] chunk = Peer.bytes(5, MIB);
        AtomicLong at = new AtomicLong();
        Disposable sending = connection.outbound()
                .sendByteArray(Flux.range(0, 100).map(i -> chunk))
                .shutdownOutput()
                .then()
                .subscribe();
        StepVerifier.create(connection.inbound().receive().doOnNext(buffer -> {
            byte[] bytes = buffer.toByteArray();
            long from = at.getAndAdd(bytes.length);
            for (int i = 0; i < bytes.length; i++) {
                if (bytes[i] != chunk[(int) ((from + i) % MIB)]) {
                    throw new AssertionError("wrong at " + (from + i));
                }
            }
        }).then()).expectComplete().verify(PATIENCE);
        assertThat(at.get()).isEqualTo(100L * MIB);
        assertThat(sending.isDisposed()).isTrue();
        connection.dispose();
        connection.onDispose().block(PATIENCE);
        server.disposeNow();
        server.stats().forEach(Audit::clean);
    }

    @Test
    void aPeerWhoDoesNotReadStopsTheProducer() throws Exception {
        AtomicLong produced = new AtomicLong();
        try (ServerSocket server = listen(10)) {
            HotpathClientConnection connection = client.port(server.getLocalPort())
                    .handle((in, out) -> out.sendByteArray(
                            Flux.range(0, 100).map(i -> new byte[MIB]).doOnNext(b -> produced.addAndGet(b.length))))
                    .connectNow();
            try (Socket accepted = server.accept()) {
                AtomicLong last = new AtomicLong(-1);
                AtomicLong since = new AtomicLong();
                Await.until("standstill", () -> {
                    if (produced.get() != last.getAndSet(produced.get())) {
                        since.set(System.nanoTime());
                    }
                    return System.nanoTime() - since.get() > 300_000_000L;
                });
                assertThat(produced.get()).isBetween(1L, 60L * MIB);
                assertThat(accepted.getInputStream().readAllBytes()).hasSize(100 * MIB);
            }
            connection.onDispose().block(PATIENCE);
        }
    }

    @Test
    void aConsumerWhoTakesOneAtATimeStopsThePeer() throws Exception {
        try (ServerSocket server = listen(10)) {
            HotpathClientConnection connection = client.port(server.getLocalPort()).connectNow();
            try (Socket accepted = server.accept()) {
                AtomicLong written = new AtomicLong();
                Future<?> writer = Peer.run(() -> {
                    for (int i = 0; i < 100; i++) {
                        accepted.getOutputStream().write(new byte[MIB]);
                        written.addAndGet(MIB);
                    }
                    accepted.shutdownOutput();
                    return null;
                });
                AtomicLong received = new AtomicLong();
                StepVerifier.create(connection.inbound().asByteArray(), 1)
                        .consumeNextWith(bytes -> received.addAndGet(bytes.length))
                        .expectNoEvent(Duration.ofMillis(500))
                        .then(() -> assertThat(written.get()).isLessThan(50L * MIB))
                        .thenRequest(Long.MAX_VALUE)
                        .thenConsumeWhile(bytes -> true, bytes -> received.addAndGet(bytes.length))
                        .expectComplete()
                        .verify(PATIENCE);
                assertThat(received.get()).isEqualTo(100L * MIB);
                writer.get(20, TimeUnit.SECONDS);
            }
            connection.dispose();
            connection.onDispose().block(PATIENCE);
        }
    }

    @Test
    void connectsTwoHundredTimesAtATimeOnOneLoop() {
        BoundServer server = HotpathServer.create().loops(2).handle((in, out) -> out.send(in.receive())).bindNow();
        HotpathClient local = client.port(server.port());
        StepVerifier.create(Flux.range(0, 200).flatMap(i -> local.connect().flatMap(connection -> connection.outbound()
                .sendString(Mono.just("hello " + i))
                .shutdownOutput()
                .then()
                .then(connection.inbound().aggregate(100))
                .map(all -> new String(all, UTF_8).equals("hello " + i))
                .flatMap(same -> {
                    connection.dispose();
                    return connection.onDispose().thenReturn(same);
                })), 200).filter(same -> same).count())
                .expectNext(200L)
                .expectComplete()
                .verify(PATIENCE);
        assertThat(Objects.requireNonNull(client.loops().stats()).connections()).isZero();
        server.disposeNow();
        server.stats().forEach(Audit::clean);
    }

    // ---- failures -----------------------------------------------------------------------------------------------

    @Test
    void isRefused() throws Exception {
        int port;
        try (ServerSocket closed = listen(1)) {
            port = closed.getLocalPort();
        }
        StepVerifier.create(client.port(port).connect())
                .expectErrorSatisfies(failure -> assertThat(failure)
                        .isInstanceOf(ConnectException.class)
                        .hasMessage("Connection refused: /127.0.0.1:" + port))
                .verify(PATIENCE);
    }

    @Test
    void givesUpAfterTheConnectTimeout() throws Exception {
        try (FullBacklog full = new FullBacklog()) {
            StepVerifier.create(client.port(full.port()).connectTimeout(Duration.ofMillis(200)).connect())
                    .expectErrorSatisfies(failure -> assertThat(failure)
                            .isInstanceOf(SocketTimeoutException.class)
                            .hasMessageContaining("Connection timed out"))
                    .verify(PATIENCE);
        }
    }

    @Test
    void givesUpWhenItIsCancelled() throws Exception {
        try (FullBacklog full = new FullBacklog()) {
            StepVerifier.create(client.port(full.port()).connect())
                    .expectSubscription()
                    .expectNoEvent(Duration.ofMillis(100))
                    .thenCancel()
                    .verify(PATIENCE);
            Await.until("given up", () -> Objects.requireNonNull(client.loops().stats()).connections() == 0);
        }
    }

    @Test
    void knowsNoSuchHost() {
        StepVerifier.create(client.host("nobody.invalid").port(1).connect())
                .expectError(UnknownHostException.class)
                .verify(PATIENCE);
    }

    @Test
    void saysThatThePeerReset() throws Exception {
        try (ServerSocket server = listen(10)) {
            HotpathClientConnection connection = client.port(server.getLocalPort()).connectNow();
            Socket accepted = server.accept();
            StepVerifier.create(connection.inbound().receive())
                    .expectSubscription()
                    .then(() -> {
                        try {
                            accepted.setSoLinger(true, 0);
                            accepted.close();
                        } catch (IOException failed) {
                            throw new AssertionError(failed);
                        }
                    })
                    .expectErrorMessage("Connection reset by peer")
                    .verify(PATIENCE);
            StepVerifier.create(connection.onDispose()).expectComplete().verify(PATIENCE);
            StepVerifier.create(connection.outbound().sendString(Mono.just("late")))
                    .expectError(IOException.class)
                    .verify(PATIENCE);
        }
    }

    @Test
    void connectsAgainAfterItsLoopEnded() throws Exception {
        for (int i = 0; i < 2; i++) {
            try (ServerSocket server = listen(10)) {
                HotpathClientConnection connection = client.port(server.getLocalPort()).connectNow();
                server.accept().close();
                StepVerifier.create(connection.inbound().receive()).expectComplete().verify(PATIENCE);
                connection.dispose();
                connection.onDispose().block(PATIENCE);
            }
            Await.until("loop ended", () -> Audit.loopThreads() <= threads);
        }
    }

    /** Nobody accepts, and whoever waits fills the kernel's queue: one more connect hears nothing. */
    private static final class FullBacklog implements AutoCloseable {
        private final ServerSocket server = listen(1);
        private final Socket[] waiting = new Socket[8];

        FullBacklog() throws IOException {
            for (int i = 0; i < waiting.length; i++) {
                waiting[i] = new Socket();
                try {
                    waiting[i].connect(server.getLocalSocketAddress(), 200);
                } catch (SocketTimeoutException full) {
                    return;
                }
            }
            throw new AssertionError("the backlog takes everybody");
        }

        int port() {
            return server.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : waiting) {
                if (socket != null) {
                    socket.close();
                }
            }
            server.close();
        }
    }
}
