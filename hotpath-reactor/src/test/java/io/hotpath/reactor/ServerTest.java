package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import java.net.BindException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** The server against blocking JDK sockets; every test ends with the audit. */
@Timeout(60)
class ServerTest {
    private static final int MIB = 1 << 20;

    private final List<BoundServer> servers = new ArrayList<>();
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
        for (BoundServer server : servers) {
            server.disposeNow(Duration.ZERO);
            server.stats().forEach(Audit::clean);
        }
        Await.until("threads ended", () -> Audit.loopThreads() <= threads);
        Audit.awaitDescriptors(descriptors);
    }

    private static HotpathServer local() {
        return HotpathServer.create().host("127.0.0.1").config(Running.CONFIG);
    }

    private BoundServer bind(HotpathServer server) {
        BoundServer bound = server.bindNow();
        servers.add(bound);
        return bound;
    }

    // ---- connections --------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void echoesFor200ClientsAtATime(int loops) throws Exception {
        BoundServer server = bind(local().loops(loops).handle((in, out) -> out.send(in.receive())));
        List<Future<byte[]>> clients = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            byte[] data = Peer.bytes(i, 20_000);
            clients.add(Peer.run(() -> {
                try (Peer peer = Peer.connect(server.port())) {
                    return peer.write(data).end().readAll();
                }
            }));
        }
        for (int i = 0; i < 200; i++) {
            assertThat(clients.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(Peer.bytes(i, 20_000));
        }
        assertThat(server.stats()).hasSize(loops);
        assertThat(server.stats().stream().mapToLong(EngineStats::accepted).sum()).isEqualTo(200);
    }

    @Test
    void echoes100MiB() throws Exception {
        BoundServer server = bind(local().handle((in, out) -> out.sendByteArray(in.asByteArray())));
        try (Peer peer = Peer.connect(server.port())) {
            byte[] chunk = Peer.bytes(7, MIB);
            Future<Peer> writer = Peer.run(() -> {
                for (int i = 0; i < 100; i++) {
                    peer.write(chunk);
                }
                return peer.end();
            });
            for (int i = 0; i < 100; i++) {
                assertThat(Arrays.equals(peer.read(MIB), chunk)).as("MiB " + i).isTrue();
            }
            assertThat(peer.readAll()).isEmpty();
            writer.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void readsOnAfterThePeersEndAndAnswersThen() {
        BoundServer server = bind(local().handle(
                (in, out) -> out.sendString(in.aggregate(100).map(all -> "got " + new String(all, UTF_8)))));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.write("a request").end().readAll()).isEqualTo("got a request".getBytes(UTF_8));
        }
    }

    @Test
    void endsItsSideAndReceivesOn() throws Exception {
        CompletableFuture<String> received = new CompletableFuture<>();
        BoundServer server = bind(local().handle((in, out) -> out.sendString(Mono.just("first"))
                .sendString(Flux.just(" and ", "second"))
                .shutdownOutput()
                .then(in.aggregate(100).doOnNext(all -> received.complete(new String(all, UTF_8))).then())));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.readAll()).isEqualTo("first and second".getBytes(UTF_8));
            peer.write("and the answer").end();
            assertThat(received.get(20, TimeUnit.SECONDS)).isEqualTo("and the answer");
        }
    }

    @Test
    void resetsOnlyTheConnectionWhoseHandlerFails() {
        AtomicInteger count = new AtomicInteger();
        BoundServer server = bind(local().handle((in, out) -> switch (count.incrementAndGet()) {
            case 2 -> throw new IllegalStateException("on purpose: thrown");
            case 3 -> Mono.error(new IllegalStateException("on purpose: failed"));
            default -> out.send(in.receive());
        }));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.write("x").readText(1)).isEqualTo("x");
            Peer.meetReset(server.port());
            Peer.meetReset(server.port());
            assertThat(peer.write("y").readText(1)).isEqualTo("y");
        }
    }

    @Test
    void saysThatThePeerReset() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        BoundServer server = bind(local().handle((in, out) -> in.receive().doOnError(failure::complete).then()));
        try (Peer peer = Peer.connect(server.port())) {
            peer.write("x");
            Await.until("received", () -> server.stats().getFirst().bytesIn() == 1);
            peer.reset();
        }
        assertThat(failure.get(20, TimeUnit.SECONDS)).hasMessage("Connection reset by peer");
    }

    // ---- back-pressure ------------------------------------------------------------------------------------------

    @Test
    void aSlowConsumerStopsThePeerWhoWrites() throws Exception {
        CompletableFuture<Subscription> slow = new CompletableFuture<>();
        AtomicLong received = new AtomicLong();
        BoundServer server = bind(local().handle((in, out) -> {
            in.receive().subscribe(new BaseSubscriber<>() {
                @Override
                protected void hookOnSubscribe(Subscription subscription) {
                    slow.complete(subscription);
                    subscription.request(1);
                }

                @Override
                protected void hookOnNext(HotpathBuffer buffer) {
                    received.addAndGet(buffer.length());
                }
            });
            return Mono.never();
        }));
        AtomicLong written = new AtomicLong();
        try (Peer peer = Peer.connect(server.port())) {
            Future<?> writer = Peer.run(() -> {
                for (int i = 0; i < 100; i++) {
                    peer.write(new byte[MIB]);
                    written.addAndGet(MIB);
                }
                return peer.end();
            });
            awaitStandstill(written);
            assertThat(written.get()).isLessThan(50L * MIB);
            assertThat(received.get()).isBetween(1L, 8192L);
            slow.get().request(Long.MAX_VALUE);
            writer.get(30, TimeUnit.SECONDS);
            Await.until("everything received", () -> received.get() == 100L * MIB);
        }
    }

    @Test
    void aPeerWhoDoesNotReadStopsTheProducer() {
        AtomicLong produced = new AtomicLong();
        BoundServer server = bind(local().handle((in, out) -> out.sendByteArray(
                Flux.range(0, 100).map(i -> new byte[MIB]).doOnNext(b -> produced.addAndGet(b.length)))));
        try (Peer peer = Peer.connect(server.port())) {
            awaitStandstill(produced);
            assertThat(produced.get()).isLessThan(60L * MIB);
            assertThat(peer.readAll()).hasSize(100 * MIB);
        }
    }

    private static void awaitStandstill(AtomicLong count) {
        AtomicLong last = new AtomicLong(-1);
        AtomicLong since = new AtomicLong();
        Await.until("standstill", () -> {
            long now = count.get();
            if (now != last.getAndSet(now) || now == 0) {
                since.set(System.nanoTime());
            }
            return System.nanoTime() - since.get() > 300_000_000L;
        });
    }

    // ---- text and limits ----------------------------------------------------------------------------------------

    @Test
    void keepsCharactersWholeOnOneByteReads() throws Exception {
        String text = "aé€😀z";
        CompletableFuture<List<String>> all = new CompletableFuture<>();
        BoundServer server = bind(local().handle(
                (in, out) -> in.asString(UTF_8).collectList().doOnNext(all::complete).then()));
        try (Peer peer = Peer.connect(server.port())) {
            long sent = 0;
            for (byte b : text.getBytes(UTF_8)) {
                peer.write(new byte[]{b});
                long now = ++sent;
                Await.until("received", () -> server.stats().getFirst().bytesIn() == now);
            }
            peer.write(new byte[]{(byte) 0xE2, (byte) 0x82}).end(); // two thirds of a euro sign
            assertThat(all.get(20, TimeUnit.SECONDS)).containsExactly("a", "é", "€", "😀", "z", "\uFFFD");
        }
    }

    @Test
    void aggregatesUpToTheLimitAndResetsBeyond() {
        BoundServer server = bind(local().handle((in, out) -> out.sendByteArray(in.aggregate(20_000))));
        byte[] data = Peer.bytes(1, 20_000);
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.write(data).end().readAll()).isEqualTo(data);
        }
        try (Peer peer = Peer.connect(server.port())) {
            peer.write(data).write("x").awaitEnd();
        }
    }

    // ---- life ---------------------------------------------------------------------------------------------------

    @Test
    void tellsOfItsLife() {
        List<String> life = new CopyOnWriteArrayList<>();
        BoundServer server = bind(local()
                .doOnBound(bound -> life.add("bound " + (bound.port() > 0)))
                .doOnConnection(c -> life.add("connection"))
                .doOnUnbound(bound -> life.add("unbound " + bound.isDisposed()))
                .handle((in, out) -> out.sendString(Mono.just("hi"))));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.readAll()).isEqualTo("hi".getBytes(UTF_8));
        }
        assertThat(server.isDisposed()).isFalse();
        server.disposeNow();
        StepVerifier.create(server.onDispose()).verifyComplete();
        assertThat(life).containsExactly("bound true", "connection", "unbound true");
    }

    @Test
    void cannotBindTwiceOrToNobody() {
        BoundServer first = bind(local());
        StepVerifier.create(local().port(first.port()).loops(2).bind())
                .expectErrorSatisfies(failure -> assertThat(failure)
                        .isInstanceOf(BindException.class)
                        .hasMessageContaining("Address already in use"))
                .verify(Duration.ofSeconds(20));
        StepVerifier.create(local().host("nobody.invalid").bind())
                .expectError(UnknownHostException.class)
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void bindsAgainWhereItWas() {
        HotpathServer server = local().handle((in, out) -> out.send(in.receive()));
        BoundServer first = bind(server);
        first.disposeNow();
        BoundServer second = bind(server.port(first.port()));
        try (Peer peer = Peer.connect(second.port())) {
            assertThat(peer.write("x").readText(1)).isEqualTo("x");
        }
    }
}
