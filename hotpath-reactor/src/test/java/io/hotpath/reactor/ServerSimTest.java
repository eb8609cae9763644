package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimFaults;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

/** The server on the simulated kernel: what ends a conversation and how, to the exact moment. */
@Timeout(60)
class ServerSimTest {
    private static final Duration DEADLINE = Duration.ofSeconds(3);

    // ---- stopping -----------------------------------------------------------------------------------------------

    @Test
    void stopsWhenTheLastAnswerIsSentAndNotBefore() {
        TestPublisher<String> answer = TestPublisher.create();
        try (HotpathTest test = HotpathTest.server((in, out) -> out.sendString(in.receive().flatMap(all -> answer)))) {
            HotpathTestPeer busy = test.connect();
            HotpathTestPeer idle = test.connect();
            busy.send("request");
            StepVerifier.create(test.server().disposeLater(DEADLINE))
                    .then(test::run)
                    .then(() -> assertThat(idle.sawEnd()).as("idle ends").isTrue())
                    .then(idle::finish)
                    .then(() -> assertThat(test.connect().refused()).as("accepts nobody").isTrue())
                    .then(() -> answer.next("half, "))
                    .then(test::run)
                    .then(() -> assertThat(busy.takeText()).isEqualTo("half, "))
                    .then(() -> test.advanceTime(DEADLINE.minusMillis(100)))
                    .then(() -> assertThat(busy.sawReset()).isFalse())
                    .then(() -> answer.next("and the rest").complete())
                    .then(test::run)
                    .then(() -> assertThat(busy.takeText()).isEqualTo("and the rest"))
                    .then(() -> assertThat(busy.sawEnd()).isTrue())
                    .then(busy::finish)
                    .expectComplete()
                    .verify();
            assertThat(test.server().isDisposed()).isTrue();
        }
    }

    @Test
    void resetsAtTheDeadlineWhoStillProduces() {
        try (HotpathTest test =
                HotpathTest.server((in, out) -> out.sendString(Flux.<String>never().startWith("first")))) {
            HotpathTestPeer peer = test.connect();
            StepVerifier.create(test.server().disposeLater(DEADLINE))
                    .then(() -> test.advanceTime(DEADLINE.minusMillis(100)))
                    .then(() -> assertThat(peer.takeText()).isEqualTo("first"))
                    .then(() -> assertThat(peer.sawReset()).isFalse())
                    .then(() -> test.advanceTime(Duration.ofMillis(200)))
                    .then(() -> assertThat(peer.sawReset()).isTrue())
                    .expectComplete()
                    .verify();
        }
    }

    @Test
    void cancellingTheWaitDoesNotTakeTheStopBack() {
        try (HotpathTest test = HotpathTest.server((in, out) -> out.send(in.receive()))) {
            test.server().disposeLater(DEADLINE).subscribe().dispose();
            test.run();
            assertThat(test.server().isDisposed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void answersWholeOrNotAtAllHoweverUnkindTheKernel(long seed) {
        byte[] request = Peer.bytes(seed, 2000);
        try (HotpathTest test = HotpathTest.setup().seed(seed).faults(SimFaults.mild()).buffers(16, 256).server(
                (in, out) -> out.sendByteArray(Frames.fixed(2000).apply(in.receive())
                        .concatMap(frame -> Mono.delay(Duration.ofSeconds(1)).thenReturn(frame))))) {
            List<HotpathTestPeer> peers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                HotpathTestPeer peer = test.connect();
                peer.sendInPieces(request);
                peers.add(peer);
            }
            test.advanceTime(Duration.ofMillis(500)); // everything is in, nothing is answered
            test.server().disposeLater(Duration.ofSeconds(30)).subscribe();
            test.advanceTime(Duration.ofSeconds(2));
            for (HotpathTestPeer peer : peers) {
                assertThat(peer.take()).isEqualTo(request);
                assertThat(peer.sawEnd()).isTrue();
                peer.finish();
            }
        }
    }

    // ---- the handler --------------------------------------------------------------------------------------------

    @Test
    void anEmptyHandlerClosesInOrderAndAFailedOneResets() {
        try (HotpathTest test = HotpathTest.server((in, out) -> Mono.empty())) {
            HotpathTestPeer peer = test.connect();
            assertThat(peer.sawEnd()).isTrue();
            assertThat(peer.sawReset()).isFalse();
            peer.finish();
        }
        try (HotpathTest test = HotpathTest.server((in, out) -> Mono.error(new IOException("on purpose")))) {
            assertThat(test.connect().sawReset()).isTrue();
        }
    }

    @Test
    void aHandlerIsCancelledWhenItsPeerResets() {
        List<String> signals = new ArrayList<>();
        try (HotpathTest test = HotpathTest.server((in, out) -> Mono.<Void>never()
                .doOnCancel(() -> signals.add("cancelled")))) {
            HotpathTestPeer peer = test.connect();
            test.run();
            assertThat(signals).isEmpty();
            peer.reset();
            assertThat(signals).containsExactly("cancelled");
        }
    }

    @Test
    void receivingFailsWithTheWordsThatReactorLooksFor() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (HotpathTest test = HotpathTest.server((in, out) -> in.receive().doOnError(failure::set).then())) {
            HotpathTestPeer peer = test.connect();
            peer.send("x");
            peer.reset();
            assertThat(failure.get()).isInstanceOf(IOException.class).hasMessage("Connection reset by peer");
        }
    }

    @Test
    void sendingToAPeerThatResetFailsAndReleasesWhatWaits() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Sinks.Many<String> texts = Sinks.many().unicast().onBackpressureBuffer();
        try (HotpathTest test = HotpathTest.server(
                (in, out) -> out.sendString(texts.asFlux()).then().doOnError(failure::set))) {
            HotpathTestPeer peer = test.connect();
            peer.window(0);
            texts.tryEmitNext("never read").orThrow();
            test.run();
            peer.reset();
            assertThat(failure.get()).isInstanceOf(IOException.class).hasMessage("Connection reset by peer");
            assertThat(texts.currentSubscriberCount()).isZero();
        }
    }

    @Test
    void sendingAfterItsOwnEndIsABrokenPipe() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (HotpathTest test = HotpathTest.server((in, out) -> out.shutdownOutput()
                .sendString(Mono.just("too late"))
                .then()
                .doOnError(failure::set))) {
            HotpathTestPeer peer = test.connect();
            assertThat(failure.get()).isInstanceOf(IOException.class).hasMessage("Broken pipe");
            assertThat(peer.take()).isEmpty();
        }
    }

    @Test
    void halfClosesAndReceivesOnUntilThePeerEnds() {
        List<String> got = new ArrayList<>();
        try (HotpathTest test = HotpathTest.server((in, out) -> out.sendString(Mono.just("all I have to say"))
                .shutdownOutput()
                .then(in.asString(UTF_8).doOnNext(got::add).then()))) {
            HotpathTestPeer peer = test.connect();
            assertThat(peer.takeText()).isEqualTo("all I have to say");
            assertThat(peer.sawEnd()).isTrue();
            peer.send("one");
            peer.send("two");
            peer.finish();
            assertThat(got).containsExactly("one", "two");
            assertThat(peer.sawReset()).isFalse();
        }
    }

    @Test
    void asksAProducerForNoMoreThanThePeerTakes() {
        TestPublisher<byte[]> producer = TestPublisher.create();
        try (HotpathTest test = HotpathTest.server((in, out) -> out.sendByteArray(producer))) {
            HotpathTestPeer peer = test.connect();
            peer.window(0);
            for (int i = 0; i < 32; i++) {
                producer.next(new byte[10_000]);
            }
            test.run();
            producer.assertMaxRequested(32);
            peer.window(Integer.MAX_VALUE);
            assertThat(peer.take()).hasSize(320_000);
            producer.next(new byte[1]); // demand is back: else this would overflow
            producer.complete();
            test.run();
            assertThat(peer.take()).hasSize(1);
            assertThat(peer.sawEnd()).isTrue();
        }
    }
}
