package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.random;
import static io.hotpath.engine.FailoverTest.breakable;
import static io.hotpath.engine.FailoverTest.client;
import static io.hotpath.engine.FailoverTest.connected;
import static io.hotpath.engine.FailoverTest.finish;
import static io.hotpath.engine.FailoverTest.idle;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import java.util.function.BiConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * {@code EBADR} on rings of the host: a completion is gone, and exactly those connections are reset of which it may have told
 * something. {@link FailoverTest} has the same on the simulated kernel, whose counters know what was lost.
 */
class LostCompletionTest {
    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = {"EPOLL", "LINUX"})
    void aLostReceiveResetsWhoWasReceivingAndNobodyElse(Beds beds) {
        run(beds, (bed, kernel) -> {
            Side first = connected(bed);
            Side second = connected(bed);
            Side idle = idle(bed);
            client(bed, first).send(random(500));
            bed.until("before", () -> first.received() == 500);
            client(bed, idle).send(random(700));
            kernel.losing = Ops.RECV;
            client(bed, first).send(random(900)); // one buffer: what a kernel drops is the last that it posts
            bed.until("reset", () -> first.closed() && second.closed());
            assertThat(first.bytes()).as("nothing from behind the gap").isEqualTo(random(500));
            assertThat(first.closeErrno).isEqualTo(Errno.ECONNABORTED);
            bed.until("seen", () -> client(bed, first).sawReset() && client(bed, second).sawReset());
            idle.connection.start(false);
            idle.connection.request(Long.MAX_VALUE);
            bed.until("lives", () -> idle.received() == 700);
            assertThat(idle.bytes()).isEqualTo(random(700));
            assertThat(bed.engine.stats().closedByLoss()).isEqualTo(2);
        });
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = {"EPOLL", "LINUX"})
    void theLostEndOfAReceiveResetsThatConnection(Beds beds) {
        run(beds, (bed, kernel) -> {
            Side ended = connected(bed);
            Side other = connected(bed);
            bed.turns(3);
            kernel.losing = Ops.RECV;
            client(bed, ended).finish();
            bed.until("reset", ended::closed);
            client(bed, other).send(random(700));
            bed.until("lives", () -> other.received() == 700);
            assertThat(ended.inputEnds).as("the end of input may have been an error").isZero();
            assertThat(bed.engine.stats().closedByLoss()).isEqualTo(1);
        });
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = {"EPOLL", "LINUX"})
    void aLostSendResetsItsConnectionAndNobodyElse(Beds beds) {
        run(beds, (bed, kernel) -> {
            Side sending = connected(bed);
            Side other = connected(bed);
            bed.turns(3);
            kernel.losing = Ops.SEND;
            sending.connection.send(random(300), 0, 300, 1);
            client(bed, other).send(random(400));
            bed.until("reset", sending::closed);
            assertThat(sending.closeErrno).isEqualTo(Errno.ECONNABORTED);
            assertThat(sending.sent.getFirst().errno()).isEqualTo(Errno.ECONNABORTED);
            bed.until("lives", () -> other.received() == 400);
            assertThat(bed.engine.stats().closedByLoss()).isEqualTo(1);
        });
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = {"EPOLL", "LINUX"})
    void aLostAcceptResetsNobodyAndTheListenerGoesOn(Beds beds) {
        run(beds, (bed, kernel) -> {
            Side other = connected(bed);
            kernel.losing = Ops.ACCEPT;
            bed.connect();
            bed.until("lost", () -> bed.engine.stats().failovers() == 1);
            int before = bed.reports.sides.size();
            Client next = bed.connect();
            bed.until("accepted", () -> bed.reports.sides.size() == before + 1);
            next.send((byte) 1);
            client(bed, other).send(random(400));
            bed.until("served", () -> other.received() == 400 && bed.reports.sides.getLast().received() == 1);
            assertThat(bed.engine.stats().closedByLoss()).isZero();
        });
    }

    private static void run(Beds beds, BiConsumer<Bed, TamperedKernel> test) {
        try (Bed bed = breakable(beds)) {
            TamperedKernel kernel = (TamperedKernel) bed.kernel;
            test.accept(bed, kernel);
            assertThat(kernel.lost).as("completions that were lost").isEqualTo(1);
            assertThat(bed.engine.stats().failovers()).isEqualTo(1);
            finish(bed);
        }
    }
}
