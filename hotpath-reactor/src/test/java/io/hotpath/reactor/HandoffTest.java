package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.NonBlocking;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Work that blocks, and the way back to the loop; each test ends with the audit of the leases. */
@Timeout(60)
class HandoffTest {
    private @Nullable BoundServer server;

    @AfterEach
    void everythingIsBack() {
        BoundServer bound = server;
        if (bound != null) {
            bound.disposeNow(Duration.ZERO);
            bound.stats().forEach(Audit::clean);
        }
    }

    private Peer connect(HotpathServer server) {
        BoundServer bound = server.host("127.0.0.1").config(Running.CONFIG).bindNow();
        this.server = bound;
        return Peer.connect(bound.port());
    }

    private long leasesHeld() {
        return server == null ? 0 : server.stats().getFirst().leasesHeld();
    }

    @Test
    void worksElsewhereAndComesBackToTheLoop() {
        Set<Thread> loops = ConcurrentHashMap.newKeySet();
        Set<Thread> workers = ConcurrentHashMap.newKeySet();
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> out.sendString(in.asString(UTF_8)
                .doOnNext(text -> loops.add(Thread.currentThread()))
                .concatMap(text -> in.connection().blocking(() -> {
                    workers.add(Thread.currentThread());
                    return text.toUpperCase(Locale.ROOT);
                }))
                .doOnNext(text -> loops.add(Thread.currentThread())))))) {
            assertThat(peer.write("abc").readText(3)).isEqualTo("ABC");
            assertThat(peer.write("def").end().readAll()).isEqualTo("DEF".getBytes(UTF_8));
        }
        assertThat(loops).hasSize(1).allMatch(NonBlocking.class::isInstance);
        assertThat(workers).isNotEmpty().noneMatch(NonBlocking.class::isInstance);
    }

    @Test
    void buffersGoThroughInOrderAndComeHome() {
        byte[] data = Peer.bytes(3, 1 << 20);
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> out.sendByteArray(in.receive()
                .concatMap(buffer -> in.connection().blocking(buffer, HotpathBuffer::toByteArray), 0))))) {
            var writer = Peer.run(() -> peer.write(data).end());
            assertThat(peer.readAll()).isEqualTo(data);
            assertThat(writer).succeedsWithin(Duration.ofSeconds(20));
            Await.until("released", () -> leasesHeld() == 0);
        }
    }

    @Test
    void aBufferIsTheWorksUntilItHasEnded() throws InterruptedException {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        AtomicReference<HotpathBuffer> before = new AtomicReference<>();
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> out.sendString(in.receive()
                .concatMap(buffer -> {
                    before.set(buffer);
                    return in.connection().blocking(buffer, own -> {
                        inside.countDown();
                        await(gate);
                        return own.toString(UTF_8);
                    });
                }, 0))))) {
            peer.write("kept");
            assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(before.get().released()).as("moved to the work").isTrue();
            assertThat(leasesHeld()).isEqualTo(1);
            gate.countDown();
            assertThat(peer.readText(4)).isEqualTo("kept");
            Await.until("released", () -> leasesHeld() == 0);
        }
    }

    @Test
    void aBufferIsReleasedWhenTheWorkFails() {
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> out.sendString(in.receive()
                .concatMap(buffer -> in.connection().<String>blocking(buffer, own -> {
                    throw new IllegalStateException("on purpose");
                }), 0)
                .onErrorResume(failure -> Mono.just(failure.getMessage()))
                .take(1))))) {
            assertThat(new String(peer.write("x").readAll(), UTF_8)).isEqualTo("on purpose");
            Await.until("released", () -> leasesHeld() == 0);
        }
    }

    @Test
    void theWorkMayReleaseEarlierItself() {
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> out.sendString(in.receive()
                .concatMap(buffer -> in.connection().blocking(buffer, own -> {
                    String text = own.toString(UTF_8);
                    own.release();
                    return text;
                }), 0))))) {
            assertThat(peer.write("early").readText(5)).isEqualTo("early");
            Await.until("released", () -> leasesHeld() == 0);
        }
    }

    @Test
    void workThatNobodyWantsAnyMoreIsInterruptedAndItsBufferReleased() throws InterruptedException {
        CountDownLatch inside = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean();
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> in.receive()
                .concatMap(buffer -> in.connection().blocking(buffer, own -> {
                    inside.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException cancelled) {
                        interrupted.set(own.toString(UTF_8).equals("x")); // still its own
                    }
                    return own;
                }), 0)
                .then()))) {
            peer.write("x");
            assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();
            peer.reset();
        }
        Await.until("interrupted", interrupted::get);
        Await.until("released", () -> leasesHeld() == 0);
    }

    @Test
    void workThatNeverBeganReleasesItsBuffer() {
        Scheduler busy = Schedulers.fromExecutor(task -> {});
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> {
            Scheduler loop = in.connection().scheduler();
            return out.sendString(in.receive()
                    .concatMap(buffer -> Handoff.call(buffer, own -> "wrong", busy, loop)
                            .timeout(Duration.ofMillis(1), Mono.just("given up"), loop), 0)
                    .take(1));
        }))) {
            assertThat(new String(peer.write("x").readAll(), UTF_8)).isEqualTo("given up");
            Await.until("released", () -> leasesHeld() == 0);
        }
    }

    @Test
    void workThatIsRefusedReleasesItsBuffer() {
        Scheduler ended = Schedulers.newSingle("ended");
        ended.dispose();
        try (Peer peer = connect(HotpathServer.create().handle((in, out) -> {
            Scheduler loop = in.connection().scheduler();
            return out.sendString(in.receive()
                    .concatMap(buffer -> Handoff.call(buffer, own -> "wrong", ended, loop)
                            .onErrorReturn(RejectedExecutionException.class, "refused"), 0)
                    .take(1));
        }))) {
            assertThat(new String(peer.write("x").readAll(), UTF_8)).isEqualTo("refused");
            Await.until("released", () -> leasesHeld() == 0);
        }
    }

    private static void await(CountDownLatch gate) {
        try {
            assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
