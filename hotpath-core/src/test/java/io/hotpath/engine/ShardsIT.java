package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.KernelPolicy;
import io.hotpath.faults.ClosingAudit;
import io.hotpath.kernel.linux.UringHost;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Loops that share a port leave and join while clients connect without a pause, and no client notices. */
final class ShardsIT {
    private static final long HANDSHAKE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final int CALLERS = 8;
    private static final int CALLS_PER_ROUND = 400;

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void noClientNoticesThatALoopLeavesAndJoinsUnderConnectLoad(KernelPolicy policy) throws Exception {
        leaveAndJoin(policy, 5);
    }

    @ParameterizedTest
    @Tag("faults")
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void noClientNoticesThatALoopLeavesAndJoinsAHundredTimes(KernelPolicy policy) throws Exception {
        leaveAndJoin(policy, 100);
    }

    private static void leaveAndJoin(KernelPolicy policy, int rounds) throws IOException {
        EngineConfig config = config(policy);
        ClosingAudit before = Loops.audit();
        long leftServed = 0;
        try (Loops loops = new Loops(2, 0, Looped.echo())) {
            loops.start(0, config);
            loops.start(1, config);
            try (Callers callers = new Callers(CALLERS, loops.port())) {
                for (int round = 0; round < rounds; round++) {
                    int index = round % 2; // also the one that bound alone
                    callers.awaitMore(CALLS_PER_ROUND);
                    leftServed += leave(loops, index);
                    callers.awaitMore(CALLS_PER_ROUND);
                    loops.address().reopen(index);
                    Loops.Running joined = loops.start(index, config);
                    Loops.await("it gets clients again", () -> joined.stats().accepted() > 0);
                    assertThat(callers.troubles).isEmpty();
                }
                System.out.println("shards: policy=" + policy + " left=" + rounds + " served=" + callers.served
                        + " troubles=" + callers.troubles.size());
                callers.stop();
                assertThat(callers.troubles).isEmpty();
            }
        }
        assertThat(leftServed).as("clients of the loops that left").isGreaterThan(rounds);
        before.requireNoMore();
    }

    /** Three loops of which two leave in the same moment: the places in the group move while the second one leaves. */
    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void noClientNoticesThatTwoOfThreeLoopsLeaveAtOnce(KernelPolicy policy) throws Exception {
        EngineConfig config = config(policy);
        try (Loops loops = new Loops(3, 0, Looped.echo())) {
            for (int i = 0; i < 3; i++) {
                loops.start(i, config);
            }
            try (Callers callers = new Callers(CALLERS, loops.port())) {
                for (int round = 0; round < 4; round++) {
                    int stays = round % 3;
                    callers.awaitMore(CALLS_PER_ROUND);
                    for (int i = 0; i < 3; i++) {
                        if (i != stays) {
                            loops.loop(i).loop.drain(HANDSHAKE_NANOS, TIMEOUT_NANOS);
                        }
                    }
                    for (int i = 0; i < 3; i++) {
                        if (i != stays) {
                            assertThat(loops.loop(i).ended()).isEmpty();
                            loops.address().reopen(i);
                            loops.start(i, config);
                        }
                    }
                    assertThat(callers.troubles).isEmpty();
                }
                callers.stop();
                assertThat(callers.troubles).isEmpty();
            }
        }
    }

    private static EngineConfig config(KernelPolicy policy) {
        if (policy == KernelPolicy.IO_URING) {
            UringHost.require();
        }
        return EngineConfig.DEFAULT.withPolicy(policy).withBuffers(64, 1024);
    }

    /** It ends by itself, under load, and nobody of its clients is reset. */
    private static long leave(Loops loops, int index) {
        Loops.Running leaving = loops.loop(index);
        leaving.loop.drain(HANDSHAKE_NANOS, TIMEOUT_NANOS);
        assertThat(leaving.ended()).as("stopped, not failed").isEmpty();
        EngineStats stats = leaving.stats();
        assertThat(stats.closedByReset() + stats.refused() + stats.closedByFailure()).isZero();
        return stats.accepted();
    }
}
