package io.hotpath.kernel.sim;

import static io.hotpath.kernel.sim.SqeDriver.PORT;
import static io.hotpath.kernel.sim.SqeDriver.only;
import static io.hotpath.kernel.sim.SqeDriver.resultOf;
import static io.hotpath.kernel.sim.SqeDriver.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.sim.SqeDriver.Connected;
import io.hotpath.kernel.sim.SqeDriver.Cqe;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The simulated kernel keeps io_uring's contract. */
class SimKernelTest {
    private static final int ACCEPT = 1;
    private static final int RECV = 2;
    private static final int SEND = 3;
    private static final int CANCEL = 4;
    private static final int CLOSE = 5;
    private static final int POLL = 6;

    private final SimKernel kernel = SimKernel.create(42);
    private final SqeDriver driver = new SqeDriver(kernel, 64, 8);

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void acceptsReceivesSendsAndCloses() {
        driver.publish(0, 1);
        int listener = driver.listen(PORT);
        driver.accept(listener, ACCEPT);
        SimPeer peer = kernel.connect(PORT);
        int fd = only(driver.turn()).res();

        driver.recv(fd, RECV);
        peer.send("ping");
        Cqe received = only(driver.turn());
        assertThat(driver.text(received)).isEqualTo("ping");
        assertThat(received.more()).isTrue();
        assertThat(received.hasBuffer()).isTrue();

        driver.send(fd, SEND, driver.payload("pong"));
        assertThat(only(driver.turn()).res()).isEqualTo(4);
        assertThat(text(peer.takeReceived())).isEqualTo("pong");

        driver.cancel(RECV, 0, CANCEL);
        driver.sqe(Abi.IORING_OP_CLOSE, fd, CLOSE);
        assertThat(resultOf(driver.turn(), CLOSE)).isZero();
        assertThat(peer.sawFin()).isTrue();
        assertThat(driver.ring.armedMultishots()).as("the accept is still armed").isOne();
    }

    @Test
    void cancelGivesTwoCompletions() {
        Connected c = driver.connected();
        driver.publish(0);
        driver.recv(c.fd(), RECV);
        driver.turn();
        driver.cancel(RECV, 0, CANCEL);
        List<Cqe> cqes = driver.turn();
        assertThat(cqes).hasSize(2);
        assertThat(resultOf(cqes, CANCEL)).isZero();
        assertThat(resultOf(cqes, RECV)).isEqualTo(-Errno.ECANCELED);

        driver.cancel(RECV, 0, CANCEL);
        assertThat(only(driver.turn()).res()).isEqualTo(-Errno.ENOENT);
    }

    @Test
    void cancelOfEverythingCountsItsTargets() {
        Connected c = driver.connected();
        driver.publish(0);
        driver.recv(c.fd(), RECV);
        driver.turn();
        driver.cancel(0, Abi.IORING_ASYNC_CANCEL_ANY | Abi.IORING_ASYNC_CANCEL_ALL, CANCEL);
        List<Cqe> cqes = driver.turn();
        assertThat(resultOf(cqes, CANCEL)).isEqualTo(2);
        assertThat(resultOf(cqes, RECV)).isEqualTo(-Errno.ECANCELED);
        assertThat(resultOf(cqes, ACCEPT)).isEqualTo(-Errno.ECANCELED);
        assertThat(driver.ring.armed(-1)).isZero();
    }

    @Test
    void aLateCancelLosesToItsTarget() {
        int listener = driver.listen(PORT);
        driver.accept(listener, ACCEPT);
        driver.turn();
        kernel.faults(SimFaults.none().withLateCancel(1));
        kernel.connect(PORT);
        driver.cancel(ACCEPT, 0, CANCEL);
        List<Cqe> cqes = driver.turn();
        assertThat(resultOf(cqes, CANCEL)).isIn(-Errno.ENOENT, -Errno.EALREADY);
        assertThat(resultOf(cqes, ACCEPT)).as("an accepted fd").isPositive();
        assertThat(cqes).noneMatch(Cqe::more);
    }

    @Test
    void overflowEndsTheMultishotAndLosesNothing() {
        try (SqeDriver small = new SqeDriver(kernel, 2, 8)) {
            int listener = small.listen(PORT);
            small.accept(listener, ACCEPT);
            for (int i = 0; i < 4; i++) {
                kernel.connect(PORT);
            }
            small.enter(1, -1);
            assertThat(small.overflowing()).isTrue();
            assertThat(small.reap()).hasSize(2).allMatch(Cqe::more);
            Cqe last = only(small.turn());
            assertThat(last.res()).isPositive();
            assertThat(last.more()).isFalse();
            assertThat(small.overflowing()).isFalse();
            assertThat(kernel.counters().overflowed()).isOne();

            small.accept(listener, ACCEPT);
            assertThat(only(small.turn()).res()).as("the fourth waited in the backlog").isPositive();
        }
    }

    @Test
    void givesTheLowestNumberOutAgainWhileTheOldFileLives() {
        Connected first = driver.connected();
        driver.publish(0, 1);
        driver.recv(first.fd(), RECV);
        driver.sqe(Abi.IORING_OP_CLOSE, first.fd(), CLOSE);
        driver.turn();
        assertThat(first.peer().sawFin()).as("the armed receive holds the file").isFalse();

        SimPeer second = kernel.connect(PORT);
        Cqe accepted = only(driver.turn());
        assertThat(accepted.res()).isEqualTo(first.fd());

        first.peer().send("old");
        second.send("new");
        Cqe cqe = only(driver.turn());
        assertThat(cqe.userData()).isEqualTo(RECV);
        assertThat(driver.text(cqe)).isEqualTo("old");
        driver.cancel(RECV, 0, CANCEL);
        driver.turn();
        assertThat(first.peer().sawFin()).isTrue();
        assertThat(second.sawFin()).isFalse();
    }

    @Test
    void acceptFailsAtTheDescriptorLimitWithNobodyWaiting() {
        int listener = driver.listen(PORT);
        kernel.descriptorLimit(listener + 1);
        driver.accept(listener, ACCEPT);
        assertThat(only(driver.turn()).res()).isEqualTo(-Errno.EMFILE);
        driver.accept(listener, ACCEPT).ioprio(Abi.IORING_ACCEPT_MULTISHOT | Abi.IORING_ACCEPT_POLL_FIRST);
        assertThat(driver.turn()).isEmpty();
        kernel.connect(PORT);
        assertThat(only(driver.turn()).res()).isEqualTo(-Errno.EMFILE);
        kernel.descriptorLimit(100);
        driver.accept(listener, ACCEPT);
        assertThat(only(driver.turn()).res()).isEqualTo(listener + 1);
    }

    @Test
    void aWakeupAndAPeerThatLeavesAreSeenByPolls() {
        Connected c = driver.connected();
        driver.sqe(Abi.IORING_OP_POLL_ADD, driver.ring.wakeFd(), POLL)
                .word(Abi.SQE_LEN, Abi.IORING_POLL_ADD_MULTI)
                .word(Abi.SQE_OP_FLAGS, Abi.POLLIN | Abi.EPOLLET);
        driver.sqe(Abi.IORING_OP_POLL_ADD, c.fd(), POLL + 1).word(Abi.SQE_OP_FLAGS, Abi.POLLRDHUP);
        assertThat(driver.turn()).isEmpty();
        driver.ring.wake();
        driver.ring.wake();
        Cqe woken = only(driver.turn());
        assertThat(woken).isEqualTo(new Cqe(POLL, Abi.POLLIN, Abi.IORING_CQE_F_MORE));
        assertThat(driver.turn()).isEmpty();
        driver.ring.wake();
        assertThat(driver.turn()).hasSize(1);

        c.peer().reset();
        Cqe left = only(driver.turn());
        assertThat(left.userData()).isEqualTo(POLL + 1);
        assertThat(left.res()).isEqualTo(Abi.POLLRDHUP | Abi.POLLERR | Abi.POLLHUP);
        driver.sqe(Abi.IORING_OP_POLL_REMOVE, -1, CANCEL).address(POLL).flags(Abi.IOSQE_CQE_SKIP_SUCCESS);
        assertThat(only(driver.turn())).isEqualTo(new Cqe(POLL, -Errno.ECANCELED, 0));
    }

    @Test
    void aWaitMovesVirtualTime() {
        long before = kernel.nanoTime();
        assertThat(driver.enter(1, 1_000_000)).isEqualTo(-Errno.ETIME);
        assertThat(kernel.nanoTime() - before).isBetween(1_000_000L, 1_002_000L);

        Connected c = driver.connected();
        driver.publish(0);
        driver.recv(c.fd(), RECV);
        kernel.schedule(2_000_000, () -> c.peer().send("later"));
        driver.enter(1, -1);
        assertThat(driver.text(only(driver.reap()))).isEqualTo("later");
        assertThatThrownBy(() -> driver.enter(1, -1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("stuck")
                .hasMessageContaining("seed=42");
    }

    @Test
    void showsNothingBeforeAnEnterThatGetsEvents() {
        driver.sqe(Abi.IORING_OP_NOP, -1, 9);
        assertThat(driver.ring.enter(1, 0, false, 0)).isOne();
        assertThat(driver.reap()).isEmpty();
        assertThat(driver.ring.enter(0, 0, true, 0)).isZero();
        assertThat(only(driver.reap()).userData()).isEqualTo(9);
    }

    @Test
    void refusesWhatLinuxRefuses() {
        driver.sqe(Abi.IORING_OP_OPENAT, -1, 1);
        driver.sqe(Abi.IORING_OP_RECV, 999, 2);
        driver.sqe(Abi.IORING_OP_RECV, driver.ring.wakeFd(), 3);
        driver.sqe(Abi.IORING_OP_CLOSE, 999, 4).word(Abi.SQE_LEN, 1);
        driver.sqe(Abi.IORING_OP_RECV, 999, 5).ioprio(Abi.IORING_RECV_MULTISHOT);
        List<Cqe> cqes = driver.turn();
        assertThat(resultOf(cqes, 1)).isEqualTo(-Errno.EACCES);
        assertThat(resultOf(cqes, 2)).isEqualTo(-Errno.EBADF);
        assertThat(resultOf(cqes, 3)).isEqualTo(-Errno.ENOTSOCK);
        assertThat(resultOf(cqes, 4)).isEqualTo(-Errno.EINVAL);
        assertThat(resultOf(cqes, 5)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void sharesAPortOnlyAmongThoseThatAskForIt() {
        int first = driver.listen(PORT);
        int second = kernel.sockets().socket(Abi.AF_INET);
        assertThat(kernel.sockets().bind(second, Network.loopback(PORT))).isEqualTo(-Errno.EADDRINUSE);
        kernel.sockets().setOption(second, Abi.SOL_SOCKET, Abi.SO_REUSEPORT, 1);
        assertThat(kernel.sockets().bind(second, Network.loopback(PORT))).isEqualTo(-Errno.EADDRINUSE);
        kernel.sockets().setOption(first, Abi.SOL_SOCKET, Abi.SO_REUSEPORT, 1);
        assertThat(kernel.sockets().bind(second, Network.loopback(PORT))).isZero();
        assertThat(kernel.sockets().listen(second, 1)).isZero();
        kernel.sockets().close(first);
        kernel.sockets().close(second);
        assertThat(kernel.connect(PORT).refused()).isTrue();
    }
}
