package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.engine.EngineStats;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.snippets.TestSnippets;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** {@link HotpathTest} itself: what its users rely on, and that it finds what it promises to find. */
@Timeout(60)
class TestKitTest {
    private static HotpathTest echo() {
        return HotpathTest.server((in, out) -> out.send(in.receive()));
    }

    @Test
    void whatTheDocumentationShowsIsTrue() {
        TestSnippets.server();
        TestSnippets.faults();
        TestSnippets.client();
        TestSnippets.stream();
    }

    @Test
    void peersTalkToTheServerWithoutWaiting() {
        try (HotpathTest test = echo()) {
            HotpathTestPeer one = test.connect();
            HotpathTestPeer two = test.connect();
            one.send("one");
            two.send("two");
            assertThat(one.takeText()).isEqualTo("one");
            assertThat(two.takeText()).isEqualTo("two");
            one.finish();
            assertThat(one.sawEnd()).isTrue();
            assertThat(two.sawEnd()).isFalse();
            test.audit();
        }
    }

    @Test
    void linesThatAReaderLeavesAreForTheNext() {
        try (HotpathTest test = echo()) {
            HotpathTestPeer peer = test.connect();
            peer.send("a\r\nb\nc");
            StepVerifier.create(peer.receivedLines()).expectNext("a").thenCancel().verify();
            StepVerifier.create(peer.receivedLines())
                    .expectNext("b")
                    .then(peer::finish)
                    .expectNext("c")
                    .verifyComplete();
        }
    }

    @Test
    void readsNothingBeyondDemandSoThatTheServerIsHeldBack() {
        byte[] data = new byte[100_000];
        try (HotpathTest test = echo()) {
            HotpathTestPeer peer = test.connect();
            peer.window(1000);
            StepVerifier.create(peer.received(), 0)
                    .then(() -> peer.send(data))
                    .then(() -> assertThat(peer.receivedCount()).isEqualTo(1000))
                    .thenRequest(1)
                    .expectNextMatches(piece -> piece.length == 1000)
                    .then(() -> assertThat(peer.receivedCount()).isEqualTo(2000))
                    .thenRequest(Long.MAX_VALUE)
                    .thenConsumeWhile(piece -> peer.receivedCount() < data.length)
                    .then(peer::finish)
                    .thenConsumeWhile(piece -> true)
                    .verifyComplete();
            assertThat(peer.receivedCount()).isEqualTo(data.length);
        }
    }

    @Test
    void holdsThePeerBackWhenTheHandlerDoesNotRead() {
        try (HotpathTest test = HotpathTest.setup().buffers(4, 16).server((in, out) -> Mono.never())) {
            HotpathTestPeer peer = test.connect();
            peer.send(new byte[10_000]);
            assertThat(peer.unread()).isGreaterThan(9000);
        }
    }

    @Test
    void oneByteReadsAreReadsOfOneByte() {
        List<Integer> lengths = new ArrayList<>();
        try (HotpathTest test = HotpathTest.setup().oneByteReads().server((in, out) -> out.send(
                in.receive().doOnNext(buffer -> lengths.add(buffer.length()))))) {
            HotpathTestPeer peer = test.connect();
            peer.send("abcd");
            assertThat(lengths).containsExactly(1, 1, 1, 1);
            assertThat(peer.takeText()).isEqualTo("abcd");
        }
    }

    @Test
    void theSeedDecidesTheSplits() {
        assertThat(splits(1)).isEqualTo(splits(1)).isNotEqualTo(splits(2));
    }

    private static List<Integer> splits(long seed) {
        List<Integer> lengths = new ArrayList<>();
        try (HotpathTest test = HotpathTest.setup().seed(seed).randomReads().server((in, out) -> in.receive()
                .doOnNext(buffer -> lengths.add(buffer.length()))
                .then())) {
            test.connect().send(new byte[5000]);
        }
        return lengths;
    }

    @Test
    void fewBuffersRunOutAndComeBack() {
        byte[] data = Peer.bytes(1, 5000);
        try (HotpathTest test = HotpathTest.setup().buffers(2, 16).faults(SimFaults.none().withSpuriousEnobufs(0.3))
                .server((in, out) -> out.send(in.receive()))) {
            List<HotpathTestPeer> peers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                HotpathTestPeer peer = test.connect();
                peer.window(100);
                peer.send(data);
                peers.add(peer);
            }
            assertThat(test.stats().getFirst().enobufs()).isPositive();
            for (HotpathTestPeer peer : peers) {
                peer.window(Integer.MAX_VALUE);
                assertThat(peer.take()).isEqualTo(data);
            }
        }
    }

    @Test
    void everyFaultTogetherLosesNothing() {
        byte[] data = Peer.bytes(7, 3000);
        for (long seed = 1; seed <= 30; seed++) {
            SimFaults rough = SimFaults.mild().withRefusedEnter(0.5).withInterruptedEnter(0.5);
            try (HotpathTest test = HotpathTest.setup().seed(seed).faults(rough).buffers(4, 64)
                    .server((in, out) -> out.send(in.receive()))) {
                HotpathTestPeer peer = test.connect();
                peer.sendInPieces(data);
                test.forceUnhealthy();
                peer.finish();
                assertThat(peer.take()).as("seed " + seed).isEqualTo(data);
                assertThat(peer.sawEnd()).isTrue();
                assertThat(test.stats().getFirst().failovers()).isEqualTo(1);
            }
        }
    }

    @Test
    void aResetReachesTheHandlerAndAServersResetThePeer() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (HotpathTest test = HotpathTest.server((in, out) -> in.receive().doOnError(failure::set).then())) {
            test.connect().reset();
            assertThat(failure.get()).isInstanceOf(IOException.class).hasMessage("Connection reset by peer");
        }
        try (HotpathTest test = HotpathTest.server((in, out) -> Mono.error(new IOException("no")))) {
            HotpathTestPeer peer = test.connect();
            assertThat(peer.sawReset()).isTrue();
            StepVerifier.create(peer.received()).verifyErrorMessage("Connection reset by peer");
        }
    }

    @Test
    void timeIsVirtualForHandlersAndPeers() {
        long before = System.nanoTime();
        try (HotpathTest test = HotpathTest.server(
                (in, out) -> out.sendString(Flux.interval(Duration.ofHours(1)).take(3).map(hour -> hour + "\n")))) {
            HotpathTestPeer peer = test.connect();
            test.advanceTime(Duration.ofMinutes(59));
            assertThat(peer.receivedCount()).isZero();
            test.advanceTime(Duration.ofMinutes(2));
            assertThat(peer.takeText()).isEqualTo("0\n");
            StepVerifier.create(peer.receivedLines())
                    .then(() -> test.advanceTime(Duration.ofHours(2)))
                    .expectNext("1", "2")
                    .verifyComplete();
        }
        assertThat(System.nanoTime() - before).isLessThan(Duration.ofHours(1).toNanos());
    }

    @Test
    void refusesAHandlerThatBlocks() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (HotpathTest test = HotpathTest.server((in, out) -> in.receive()
                .doOnNext(buffer -> Mono.never().block(Duration.ofSeconds(1)))
                .doOnError(failure::set)
                .then())) {
            test.connect().send("x");
            assertThat(failure.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("block");
        }
        assertThat(Mono.just(1).block()).isEqualTo(1); // the test itself may
    }

    @Test
    void findsABufferThatNobodyReleased() {
        List<HotpathBuffer> kept = new ArrayList<>();
        HotpathTest test = HotpathTest.server((in, out) -> in.receive().doOnNext(b -> kept.add(b.retain())).then());
        test.connect().send("x");
        assertThatThrownBy(test::audit)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("1 buffers that nobody released")
                .hasMessageContaining("seed=1");
        assertThatThrownBy(test::close)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("1 buffers that nobody released");
        kept.getFirst().release();
        echo().close(); // the failed one does not stand in the way
    }

    @Test
    void findsABufferThatWasUsedAfterItsRelease() {
        HotpathTest test = HotpathTest.server((in, out) -> in.receive().doOnNext(buffer -> {
            buffer.release();
            buffer.release();
        }).then());
        test.connect().send("x");
        assertThatThrownBy(test::close)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("1 buffers that were used after their release");
    }

    @Test
    void aStreamsEventsComeInTheTestsThread() {
        List<String> events = new ArrayList<>();
        try (HotpathTest test = HotpathTest.stream(stream -> stream.doOnNext(event -> {
            events.add(event.getClass().getSimpleName());
            Running.echo(event);
        }))) {
            HotpathTestPeer peer = test.connect();
            peer.send("x");
            assertThat(peer.takeText()).isEqualTo("x");
            peer.finish();
            assertThat(events).containsExactly("Accept", "Recv", "Send", "Close");
        }
    }

    @Test
    void aStreamThatFailsFailsTheTest() {
        HotpathTest test = HotpathTest.stream(stream -> stream.doOnNext(event -> {
            throw new IllegalArgumentException("on purpose");
        }));
        test.connect();
        assertThatThrownBy(test::close).isInstanceOf(AssertionError.class).hasMessageContaining("on purpose");
    }

    @Test
    void aClientOfAHandlerIsSimulatedToo() {
        HotpathClient client = HotpathClient.create().port(9000);
        try (HotpathTest test = HotpathTest.server((in, out) -> client.connect().flatMap(upstream -> Mono.when(
                upstream.outbound().send(in.receive()).shutdownOutput(), out.send(upstream.inbound().receive()))))) {
            HotpathTestListener listener = test.listen(9000);
            HotpathTestPeer near = test.connect();
            HotpathTestPeer far = listener.accept();
            near.send("to");
            far.send("fro");
            assertThat(far.takeText()).isEqualTo("to");
            assertThat(near.takeText()).isEqualTo("fro");
            near.finish();
            assertThat(far.sawEnd()).isTrue();
            far.close();
            assertThat(near.sawEnd()).isTrue();
        }
    }

    @Test
    void aSilentListenerLetsAConnectTimeOutInVirtualTime() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener listener = test.listen(9000);
            listener.silent(true);
            StepVerifier.create(HotpathClient.create().port(9000).connectTimeout(Duration.ofSeconds(5)).connect())
                    .then(test::run)
                    .then(() -> test.advanceTime(Duration.ofSeconds(6)))
                    .verifyError(java.net.SocketTimeoutException.class);
        }
    }

    @Test
    void severalLoopsShareTheTestsThread() {
        try (HotpathTest test =
                HotpathTest.server(HotpathServer.create().loops(3).handle((in, out) -> out.send(in.receive())))) {
            for (int i = 0; i < 30; i++) {
                HotpathTestPeer peer = test.connect();
                peer.send("x" + i);
                assertThat(peer.takeText()).isEqualTo("x" + i);
            }
            assertThat(test.stats()).hasSize(3).extracting(EngineStats::accepted).doesNotContain(0L);
        }
    }

    @Test
    void nobodyListensThere() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestPeer peer = test.connect(1);
            assertThat(peer.refused()).isTrue();
            StepVerifier.create(peer.received()).verifyErrorMessage("Connection refused");
            assertThatThrownBy(test::connect).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void oneTestIsOpenAtATimeAndItsThreadUsesIt() throws InterruptedException {
        try (HotpathTest test = echo()) {
            assertThatThrownBy(TestKitTest::echo).isInstanceOf(IllegalStateException.class);
            CompletableFuture<Void> elsewhere = CompletableFuture.runAsync(test::connect);
            assertThatThrownBy(elsewhere::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(IllegalStateException.class);
        }
        assertThat(Mono.just(1).delayElement(Duration.ofMillis(1), Schedulers.parallel()).block()).isEqualTo(1);
    }
}
