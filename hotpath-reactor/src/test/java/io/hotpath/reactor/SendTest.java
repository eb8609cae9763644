package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

@Timeout(60)
class SendTest {
    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    private static HotpathBuffer text(Object value) {
        return HotpathBuffer.of(value + "\n", StandardCharsets.UTF_8);
    }

    private static String lines(int count) {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < count; i++) {
            all.append(i).append('\n');
        }
        return all.toString();
    }

    private static String readText(Peer peer) {
        return new String(peer.readAll(), StandardCharsets.UTF_8);
    }

    // ---- threads and order --------------------------------------------------------------------------------------

    @Test
    void keepsTheOrderOfAPublisherOnAnotherThread() {
        try (Running<Void> stream = Running.each(
                Running.stream(),
                c -> c.send(Flux.range(0, 10_000).publishOn(Schedulers.parallel(), 7).map(SendTest::text)));
                Peer peer = stream.connect()) {
            assertThat(readText(peer)).isEqualTo(lines(10_000));
        }
    }

    @Test
    void keepsTheOrderOfATimer() {
        try (Running<Void> stream = Running.each(
                Running.stream(),
                c -> c.send(Flux.interval(Duration.ofMillis(1)).onBackpressureBuffer().take(50).map(SendTest::text)));
                Peer peer = stream.connect()) {
            assertThat(readText(peer)).isEqualTo(lines(50));
        }
    }

    @Test
    void keepsTheOrderOfAPublisherThatChangesThreads() {
        int rounds = 200;
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            // each line is first said elsewhere, then on the loop; both go through one send
            Flux<HotpathBuffer> elsewhere = Flux.range(0, 20).publishOn(Schedulers.parallel()).map(SendTest::text);
            Flux<HotpathBuffer> onLoop = c.receive().take(1).map(buffer -> HotpathBuffer.wrap(buffer.toByteArray()));
            return c.send(elsewhere.concatWith(onLoop));
        })) {
            for (int i = 0; i < rounds; i++) {
                try (Peer peer = stream.connect().write("end\n")) {
                    assertThat(readText(peer)).isEqualTo(lines(20) + "end\n");
                }
            }
        }
    }

    @Test
    void anEndOnTheLoopThreadDoesNotOvertakeABufferFromAnother() {
        for (int i = 0; i < 100; i++) {
            try (Running<Void> stream = Running.each(Running.stream(), c -> {
                Sinks.Many<HotpathBuffer> sink = Sinks.many().unicast().onBackpressureBuffer();
                Mono<Void> sent = c.send(sink.asFlux());
                return Mono.when(sent, Mono.fromRunnable(() -> {
                    try {
                        // while the loop waits for this thread, which hands over a buffer that the loop has yet to take
                        CompletableFuture.runAsync(() -> sink.tryEmitNext(text("last words"))).get(10,
                                TimeUnit.SECONDS);
                    } catch (Exception failed) {
                        throw new AssertionError(failed);
                    }
                    sink.tryEmitComplete();
                }));
            }); Peer peer = stream.connect()) {
                assertThat(readText(peer)).isEqualTo("last words\n");
            }
        }
    }

    // ---- amounts ------------------------------------------------------------------------------------------------

    @Test
    void sendsBuffersThatAreLargerThanAllLimitsTogether() {
        byte[] big = Peer.bytes(1, 24 << 20); // outboundBytesMax is 16 MiB
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.send(Flux.just(HotpathBuffer.wrap(big), HotpathBuffer.wrap(new byte[0]),
                        HotpathBuffer.wrap(big))));
                Peer peer = stream.connect()) {
            assertThat(peer.read(big.length)).isEqualTo(big);
            assertThat(peer.read(big.length)).isEqualTo(big);
            assertThat(peer.readAll()).isEmpty();
        }
    }

    @Test
    void asksForMoreOnlyAsThePeerReads() {
        AtomicLong asked = new AtomicLong();
        int count = 2_000;
        byte[] chunk = Peer.bytes(2, 32 << 10);
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.send(Flux.range(0, count).map(_ -> HotpathBuffer.wrap(chunk))
                        .doOnRequest(asked::addAndGet)));
                Peer peer = stream.connect()) {
            Await.until("the socket is full", () -> {
                long before = stream.stats().bytesOut();
                LockSupport.parkNanos(100_000_000);
                return before > 0 && stream.stats().bytesOut() == before;
            });
            long stalled = asked.get();
            assertThat(stalled * chunk.length).isLessThan(stream.stats().bytesOut() + 64L * chunk.length);
            assertThat(stream.stats().copiesHeld() * 8192L).as("bytes copied for it").isLessThanOrEqualTo(128 << 10);
            for (int i = 0; i < count; i++) {
                assertThat(Arrays.equals(peer.read(chunk.length), chunk)).isTrue();
            }
            assertThat(peer.readAll()).isEmpty();
        }
    }

    @Test
    void twoSendsOfOneConnectionBothComplete() {
        byte[] chunk = Peer.bytes(2, 32 << 10);
        AtomicInteger completed = new AtomicInteger();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            Mono<Void> send = Mono.defer(() -> c.send(Flux.range(0, 100).map(_ -> HotpathBuffer.wrap(chunk))))
                    .doOnSuccess(_ -> completed.incrementAndGet());
            return Mono.when(send, send);
        }); Peer peer = stream.connect()) {
            assertThat(peer.readAll()).hasSize(200 * chunk.length);
            assertThat(completed.get()).isEqualTo(2);
        }
    }

    // ---- failures -----------------------------------------------------------------------------------------------

    @Test
    void failsWithWhatThePublisherFailsWith() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Running<Void> stream = Running.each(
                Running.stream(),
                c -> c.send(Flux.concat(Mono.just(text("before")), Mono.error(new IllegalArgumentException("mine"))))
                        .onErrorResume(thrown -> {
                            failure.set(thrown);
                            return Mono.empty();
                        }));
                Peer peer = stream.connect()) {
            assertThat(readText(peer)).isEqualTo("before\n");
            assertThat(failure.get()).isInstanceOf(IllegalArgumentException.class).hasMessage("mine");
        }
    }

    @Test
    void failsOnAConnectionThatClosesAndCancelsThePublisher() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        TestPublisher<HotpathBuffer> publisher = TestPublisher.create();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            c.send(publisher).subscribe(_ -> {}, failure::set);
            return c.receive().then();
        })) {
            Peer peer = stream.connect();
            Await.until("subscribed", publisher::wasSubscribed);
            peer.close();
            Await.until("failed", () -> failure.get() instanceof IOException);
            publisher.assertCancelled();
        }
    }

    @Test
    void failsAtOnceOnAConnectionThatIsClosed() {
        AtomicReference<HotpathConnection> closed = new AtomicReference<>();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            closed.set(c);
            return Mono.empty();
        }); Peer peer = stream.connect()) {
            peer.awaitEnd().end();
            Await.until("closed", () -> closed.get().closed());
            for (int i = 0; i < 2; i++) {
                StepVerifier.create(closed.get().send(Mono.just(text("late")))).expectError(IOException.class)
                        .verify(Duration.ofSeconds(5));
            }
        }
    }

    @Test
    void aStaleBufferFailsTheSend() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.send(c.receive().doOnNext(HotpathBuffer::release)).doOnError(failure::set))
                .mistakes(0, 1);
                Peer peer = stream.connect().write("x")) {
            peer.awaitEnd();
            assertThat(failure.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("stale");
        }
    }

    @Test
    void aStaleBufferFromAnotherThreadFailsTheSend() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.send(c.receive()
                        .publishOn(Schedulers.parallel())
                        .doOnNext(buffer -> Await.until("onNext is over", buffer::released)))
                        .doOnError(failure::set))
                .mistakes(0, 1);
                Peer peer = stream.connect().write("x")) {
            peer.awaitEnd();
            assertThat(failure.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("stale");
        }
    }

    // ---- whose buffers ------------------------------------------------------------------------------------------

    @Test
    void retainedBuffersComeBackThroughAnotherThread() throws Exception {
        byte[] data = Peer.bytes(9, 1 << 20);
        try (Running<Void> stream = Running.each(
                Running.stream(),
                c -> c.send(c.receive().doOnNext(HotpathBuffer::retain).publishOn(Schedulers.parallel(), 4)));
                Peer peer = stream.connect()) {
            var _ = Peer.run(() -> peer.write(data).end());
            assertThat(peer.readAll()).isEqualTo(data);
        }
    }

    @Test
    void buffersInTheQueuesOfACancelledSendComeHome() {
        AtomicInteger in = new AtomicInteger();
        AtomicInteger out = new AtomicInteger();
        try (Running<Void> stream = Running.each(
                Running.stream(Running.CONFIG.withBuffers(512, 1024).withLeaseQuota(64)),
                c -> c.send(c.receive().doOnNext(HotpathBuffer::retain)
                        .doOnNext(_ -> in.incrementAndGet())
                        .publishOn(Schedulers.parallel(), 8)
                        .doOnNext(_ -> out.incrementAndGet())))) {
            Peer peer = stream.connect();
            var _ = Peer.run(() -> peer.write(new byte[16 << 20])); // never reads
            // at rest, because publishOn forgets its queue when cancelled before its worker has run (reactor-core #4396)
            Await.until("the echo is stuck, and publishOn with it", () -> {
                int before = out.get();
                LockSupport.parkNanos(100_000_000);
                return before > 0 && out.get() == before && in.get() > before;
            });
            assertThat(stream.stats().leasesHeld()).isEqualTo(in.get() - out.get());
            stream.cancel();
            Bound bound = stream.awaitDisposed();
            Await.until("every lease is home", () -> bound.stats().leasesHeld() == 0);
            peer.awaitEnd().close();
        }
    }

    @Test
    void givesAnotherLoopsBufferACopy() {
        var target = new AtomicReference<HotpathConnection>();
        try (Running<Void> to = Running.each(Running.stream(), c -> {
            target.set(c);
            return Mono.never();
        });
                Running<Void> from = Running.each(Running.stream(), c -> target.get().send(c.receive()));
                Peer reader = to.connect()) {
            Await.until("accepted", () -> target.get() != null);
            try (Peer _ = from.connect().write("across")) {
                assertThat(reader.readText(6)).isEqualTo("across");
            }
        }
    }

    @Test
    void anEventsBufferMayBeSentOnAnotherLoop() {
        var target = new AtomicReference<HotpathConnection>();
        var strays = new CopyOnWriteArrayList<Throwable>();
        try (Running<HotpathEvent> to = Running.start(Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
            if (event instanceof HotpathEvent.Accept accept) {
                target.set(accept.connection());
            }
        }));
                Running<HotpathEvent> from = Running.start(
                        Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
                            switch (event) {
                                case HotpathEvent.Accept accept -> accept.connection().startRecv();
                                case HotpathEvent.Recv(var _, var buffer) -> {
                                    target.get().send(buffer, 5);
                                    try {
                                        buffer.release(); // it is the other connection's by now
                                    } catch (IllegalStateException expected) {
                                        strays.add(expected);
                                    }
                                }
                                case HotpathEvent.Send _,HotpathEvent.Close _ -> {}
                            }
                        }));
                Peer reader = to.connect()) {
            Await.until("accepted", () -> target.get() != null);
            try (Peer _ = from.connect().write("across")) {
                assertThat(reader.readText(6)).isEqualTo("across");
            }
            Await.until("a release that is refused", () -> strays.size() == 1);
            Await.until("the send is an event there", () -> to.events.stream()
                    .anyMatch(event -> event instanceof HotpathEvent.Send send && send.token() == 5));
        }
    }

    @Test
    void sendsOneByOneAsEventsFromAnyThread() throws Exception {
        AtomicReference<HotpathConnection> accepted = new AtomicReference<>();
        try (Running<HotpathEvent> stream = Running.start(
                Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
                    if (event instanceof HotpathEvent.Accept accept) {
                        accepted.set(accept.connection());
                    }
                }));
                Peer peer = stream.connect()) {
            Await.until("accepted", () -> accepted.get() != null);
            for (int i = 0; i < 100; i++) {
                accepted.get().send(text(i), i);
            }
            accepted.get().close();
            assertThat(readText(peer)).isEqualTo(lines(100));
            peer.end();
            Await.until("closed", () -> accepted.get().closed());
            List<Long> tokens = new ArrayList<>();
            stream.events.forEach(event -> {
                if (event instanceof HotpathEvent.Send send) {
                    tokens.add(send.token());
                }
            });
            assertThat(tokens).hasSize(100).isSorted();
        }
    }

    @Test
    void cancelOfASendStopsItsPublisherAndLeavesTheConnection() {
        TestPublisher<HotpathBuffer> publisher = TestPublisher.create();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            var running = c.send(publisher).subscribe();
            return c.receive().doOnNext(_ -> running.dispose()).take(1).then(c.send(Mono.just(text("bye"))));
        }); Peer peer = stream.connect()) {
            Await.until("subscribed", publisher::wasSubscribed);
            publisher.next(text("hi"));
            assertThat(peer.readText(3)).isEqualTo("hi\n");
            peer.write("stop");
            assertThat(readText(peer)).isEqualTo("bye\n");
            publisher.assertCancelled();
            publisher.next(text("too late"));
        }
    }
}
