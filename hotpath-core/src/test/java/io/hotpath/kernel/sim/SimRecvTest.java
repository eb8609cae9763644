package io.hotpath.kernel.sim;

import static io.hotpath.kernel.sim.SqeDriver.only;
import static io.hotpath.kernel.sim.SqeDriver.resultOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.sim.SqeDriver.Connected;
import io.hotpath.kernel.sim.SqeDriver.Cqe;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Receives and their buffers keep io_uring's contract. */
class SimRecvTest {
    private static final int RECV = 2;
    private static final int SEND = 3;

    private final SimKernel kernel = SimKernel.create(42);
    private final SqeDriver driver = new SqeDriver(kernel, 64, 8);

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void endsWithEnobufsOnAnEmptyRingThoughTheSocketIsIdle() {
        int fd = driver.connected().fd();
        driver.recv(fd, RECV);
        Cqe cqe = only(driver.turn());
        assertThat(cqe.res()).isEqualTo(-Errno.ENOBUFS);
        assertThat(cqe.flags()).isZero();

        driver.publish(3);
        driver.recv(fd, RECV);
        assertThat(driver.turn()).isEmpty();
        assertThat(kernel.counters().enobufs()).isOne();
    }

    @Test
    void keepsTheBytesWhenBuffersRunOut() {
        Connected c = driver.connected();
        driver.publish(0);
        driver.recv(c.fd(), RECV);
        c.peer().send("x".repeat(SqeDriver.BUFFER_BYTES) + "rest");
        List<Cqe> cqes = driver.turn();
        assertThat(cqes).extracting(Cqe::res).containsExactly(SqeDriver.BUFFER_BYTES, -Errno.ENOBUFS);
        assertThat(c.peer().unread()).isEqualTo(4);

        driver.publish(0);
        driver.recv(c.fd(), RECV);
        assertThat(driver.text(only(driver.turn()))).isEqualTo("rest");
    }

    @Test
    void armsOnAnEmptyRingWithPollFirst() {
        Connected c = driver.connected();
        driver.recv(c.fd(), RECV).ioprio(Abi.IORING_RECV_MULTISHOT | Abi.IORING_RECVSEND_POLL_FIRST);
        assertThat(driver.turn()).isEmpty();
        c.peer().finish();
        assertThat(only(driver.turn()).res()).as("a FIN hides behind ENOBUFS").isEqualTo(-Errno.ENOBUFS);
    }

    @Test
    void losesMoreWhenTheDiceSaySo() {
        Connected c = driver.connected();
        kernel.faults(SimFaults.none().withLostMore(1));
        driver.publish(0, 1);
        driver.recv(c.fd(), RECV);
        c.peer().send("a");
        Cqe cqe = only(driver.turn());
        assertThat(driver.text(cqe)).isEqualTo("a");
        assertThat(cqe.more()).isFalse();
        c.peer().send("b");
        assertThat(driver.turn()).isEmpty();
        assertThat(kernel.counters().lostMore()).isOne();
    }

    @Test
    void endsAMultishotAtOrPastItsCap() {
        Connected c = driver.connected();
        driver.publish(0, 1, 2);
        driver.recv(c.fd(), RECV).word(Abi.SQE_OPTLEN, 10);
        c.peer().send("12345");
        assertThat(only(driver.turn()).more()).isTrue();
        c.peer().send("1234567890");
        Cqe last = only(driver.turn());
        assertThat(last.res()).isEqualTo(10);
        assertThat(last.more()).isFalse();
        assertThat(driver.ring.armed(Abi.IORING_OP_RECV)).isZero();
    }

    @Test
    void endOfStreamEndsTheReceiveWithoutABuffer() {
        Connected c = driver.connected();
        driver.publish(0);
        driver.recv(c.fd(), RECV);
        c.peer().send("bye");
        c.peer().finish();
        List<Cqe> cqes = driver.turn();
        assertThat(cqes).extracting(Cqe::res).containsExactly(3, -Errno.ENOBUFS);
        driver.publish(1);
        driver.recv(c.fd(), RECV);
        Cqe end = only(driver.turn());
        assertThat(end.res()).isZero();
        assertThat(end.flags()).isZero();
        assertThat(driver.ring.bufferRingHead(SqeDriver.GROUP)).isOne();
    }

    @Test
    void aResetGivesTheQueuedBytesThenTheErrorOnce() {
        Connected c = driver.connected();
        driver.publish(0, 1);
        driver.recv(c.fd(), RECV);
        c.peer().send("last");
        c.peer().reset();
        assertThat(driver.turn()).extracting(Cqe::res).containsExactly(4, -Errno.ECONNRESET);
        driver.recv(c.fd(), RECV);
        driver.send(c.fd(), SEND, driver.payload("x"));
        List<Cqe> cqes = driver.turn();
        assertThat(resultOf(cqes, RECV)).isZero();
        assertThat(resultOf(cqes, SEND)).isEqualTo(-Errno.EPIPE);
    }
}
