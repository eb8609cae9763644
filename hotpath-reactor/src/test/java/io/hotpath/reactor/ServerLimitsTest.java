package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import io.hotpath.engine.Limits;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** Peers that keep a server waiting, in virtual time: who is reset, when, and what the handler hears. */
@Timeout(60)
class ServerLimitsTest {
    private static final Duration LIMIT = Duration.ofSeconds(8);

    private final AtomicReference<Throwable> heard = new AtomicReference<>();

    private HotpathServer echo(Limits limits) {
        return HotpathServer.create().limits(limits).handle((in, out) -> listen(out.send(in.receive()).then()));
    }

    private Publisher<Void> listen(Mono<Void> handler) {
        return handler.doOnError(heard::set);
    }

    @Test
    void whoSendsNoFirstByteIsResetInTime() {
        try (HotpathTest test = HotpathTest.server(echo(Limits.OFF.withFirstByte(LIMIT)))) {
            HotpathTestPeer silent = test.connect();
            HotpathTestPeer talks = test.connect();
            talks.send("x");
            test.advanceTime(LIMIT.minusMillis(100));
            assertThat(silent.sawReset()).as("before the limit").isFalse();
            test.advanceTime(LIMIT.dividedBy(2));
            assertThat(silent.sawReset()).as("after the limit").isTrue();
            assertThat(heard.get()).isInstanceOf(SocketTimeoutException.class).hasMessage("Connection timed out");
            assertThat(talks.sawReset()).as("who has sent").isFalse();
            assertThat(talks.takeText()).isEqualTo("x");
        }
    }

    @Test
    void whoIsSilentForTooLongIsReset() {
        try (HotpathTest test = HotpathTest.server(echo(Limits.OFF.withIdle(LIMIT)))) {
            HotpathTestPeer peer = test.connect();
            for (int i = 0; i < 5; i++) {
                peer.send("x");
                test.advanceTime(LIMIT.minusSeconds(2));
                assertThat(peer.takeText()).isEqualTo("x");
            }
            assertThat(peer.sawReset()).isFalse();
            test.advanceTime(LIMIT.multipliedBy(2));
            assertThat(peer.sawReset()).isTrue();
        }
    }

    @Test
    void aPeerThatNeverReadsIsResetInTime() {
        HotpathServer server = HotpathServer.create()
                .limits(Limits.OFF.withWriteProgress(LIMIT))
                .handle((in, out) -> listen(out.sendByteArray(in.receive().map(any -> new byte[100_000])).then()));
        try (HotpathTest test = HotpathTest.server(server)) {
            HotpathTestPeer stuck = test.connect();
            HotpathTestPeer reads = test.connect();
            stuck.window(1000);
            stuck.send("x");
            reads.send("x");
            assertThat(reads.take()).hasSize(100_000);
            test.advanceTime(LIMIT.minusMillis(100));
            assertThat(stuck.sawReset()).isFalse();
            test.advanceTime(LIMIT.dividedBy(2));
            assertThat(stuck.sawReset()).isTrue();
            assertThat(heard.get()).isInstanceOf(SocketTimeoutException.class);
            assertThat(reads.sawReset()).isFalse();
        }
    }

    @Test
    void aHandlerThatIsSlowItselfIsNotItsPeersFault() {
        HotpathServer server = HotpathServer.create()
                .limits(Limits.OFF.withIdle(LIMIT).withFirstByte(LIMIT).withReadProgress(1, LIMIT))
                .handle((in, out) -> Mono.delay(LIMIT.multipliedBy(3)).then(out.sendString(Mono.just("late")).then()));
        try (HotpathTest test = HotpathTest.server(server)) {
            HotpathTestPeer peer = test.connect();
            peer.send("x");
            test.advanceTime(LIMIT.multipliedBy(4));
            assertThat(peer.takeText()).isEqualTo("late");
            assertThat(peer.sawReset()).isFalse();
        }
    }

    @Test
    void leasesComeHomeAfterOnNextUnlessTheyAreRetained() {
        AtomicReference<HotpathBuffer> kept = new AtomicReference<>();
        try (HotpathTest test = HotpathTest.server((in, out) -> in.receive().doOnNext(buffer -> {
            if (buffer.length() == 4) {
                kept.set(buffer.retain());
            }
        }).then())) {
            HotpathTestPeer peer = test.connect();
            peer.send("one");
            assertThat(held(test)).isZero();
            peer.send("kept");
            peer.send("three");
            assertThat(held(test)).isEqualTo(1);
            HotpathBuffer buffer = kept.get();
            assertThat(buffer.toString(UTF_8)).isEqualTo("kept");
            buffer.release();
            test.audit();
        }
    }

    private static long held(HotpathTest test) {
        return test.stats().stream().mapToLong(EngineStats::leasesHeld).sum();
    }
}
