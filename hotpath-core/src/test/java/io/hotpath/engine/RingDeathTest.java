package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.random;
import static io.hotpath.engine.FailoverTest.block;
import static io.hotpath.engine.FailoverTest.client;
import static io.hotpath.engine.FailoverTest.connected;
import static io.hotpath.engine.FailoverTest.finish;
import static io.hotpath.engine.FailoverTest.idle;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.epoll.EpollKernel;
import io.hotpath.kernel.linux.LinuxKernel;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ring's descriptor is gone for real, unregistered and closed, while it serves: what a wrapper only pretends. */
class RingDeathTest {
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void whoMayHaveLostSomethingIsResetAndTheOthersLive(String next) {
        Kernel first = Bed.linuxKernel();
        Kernel second = next.equals("epoll") ? EpollKernel.instance() : LinuxKernel.instance();
        Set<Integer> before = RingDescriptor.all();
        try (Bed bed = Bed.steps(null, FailoverTest.PATIENT, first, second)) {
            int ring = RingDescriptor.since(before);
            Side receiving = connected(bed);
            Side sending = connected(bed);
            Side idle = idle(bed);
            block(bed, sending);
            sending.connection.send(random(200_000), 0, 200_000, 1);
            bed.until("in flight", () -> sending.connection.sending > 0);
            client(bed, receiving).send(random(2_000));
            bed.until("before", () -> receiving.received() == 2_000);
            client(bed, idle).send(random(700));
            RingDescriptor.destroy(ring);
            bed.until("noticed", () -> bed.engine.stats().failovers() == 1);
            assertThat(bed.engine.stats().kernel()).isEqualTo(next);
            bed.until("reset", sending::closed);
            assertThat(sending.closeErrno).isEqualTo(Errno.ECONNABORTED);
            client(bed, sending).resume();
            idle.connection.start(false);
            idle.connection.request(Long.MAX_VALUE);
            bed.until("the others live", () -> idle.received() == 700 && client(bed, sending).sawReset());
            assertThat(idle.bytes()).isEqualTo(random(700));
            assertThat(receiving.bytes()).isEqualTo(random(2_000));
            System.out.println("ring death: next=" + next + " closedByLoss=" + bed.engine.stats().closedByLoss()
                    + " receivingClosed=" + receiving.closed());
            for (Side side : List.of(receiving, sending)) {
                assertThat(side.closeErrno).isIn(0, Errno.ECONNABORTED);
            }
            finish(bed);
        }
    }

    /** Each client comes alone: if a ring that is gone took its wake-up with it, nobody comes after to make up for it. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void whoConnectsRightAfterwardsIsServed(String next) {
        Kernel first = Bed.linuxKernel();
        Kernel second = next.equals("epoll") ? EpollKernel.instance() : LinuxKernel.instance();
        for (int i = 0; i < 20; i++) {
            Set<Integer> before = RingDescriptor.all();
            try (Bed bed = Bed.steps(null, FailoverTest.PATIENT, first, second)) {
                RingDescriptor.destroy(RingDescriptor.since(before));
                bed.until("noticed", () -> bed.engine.stats().failovers() == 1);
                Client client = bed.connect();
                Side side = bed.accepted();
                client.send(random(300));
                bed.until("served", () -> side.received() == 300);
                finish(bed);
            }
        }
    }
}
