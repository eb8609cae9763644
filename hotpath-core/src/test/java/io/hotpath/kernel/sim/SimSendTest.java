package io.hotpath.kernel.sim;

import static io.hotpath.kernel.sim.SqeDriver.only;
import static io.hotpath.kernel.sim.SqeDriver.resultOf;
import static io.hotpath.kernel.sim.SqeDriver.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.kernel.sim.SqeDriver.Connected;
import io.hotpath.kernel.sim.SqeDriver.Cqe;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Sends and connects keep io_uring's contract. */
class SimSendTest {
    private static final int SEND = 3;
    private static final int CANCEL = 4;
    private static final int CLOSE = 5;

    private final SimKernel kernel = SimKernel.create(42);
    private final SqeDriver driver = new SqeDriver(kernel, 64, 8);

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void aSendWaitsForTheWindowAndCompletesInFull() {
        Connected c = driver.connected();
        c.peer().receiveWindow(4);
        driver.send(c.fd(), SEND, driver.payload("0123456789"));
        assertThat(driver.turn()).isEmpty();
        assertThat(text(c.peer().takeReceived())).isEqualTo("0123");
        assertThat(driver.turn()).isEmpty();
        assertThat(text(c.peer().takeReceived())).isEqualTo("4567");
        assertThat(only(driver.turn()).res()).isEqualTo(10);
        assertThat(text(c.peer().takeReceived())).isEqualTo("89");
    }

    @Test
    void aCancelledOrResetSendReportsWhatWentOut() {
        Connected c = driver.connected();
        c.peer().receiveWindow(4);
        driver.send(c.fd(), SEND, driver.payload("0123456789"));
        driver.turn();
        driver.cancel(SEND, 0, CANCEL);
        assertThat(resultOf(driver.turn(), SEND)).isEqualTo(4);

        c.peer().takeReceived();
        driver.send(c.fd(), SEND, driver.payload("456789"));
        driver.turn();
        c.peer().reset();
        assertThat(only(driver.turn()).res()).isEqualTo(4);
        driver.send(c.fd(), SEND, driver.payload("89"));
        assertThat(only(driver.turn()).res()).isEqualTo(-Errno.EPIPE);
    }

    @Test
    void gathersWhatTheMessageNamedAtSubmission() {
        Connected c = driver.connected();
        c.peer().receiveWindow(1);
        MemorySegment iovecs = kernel.mapMemory(32);
        MemorySegment message = kernel.mapMemory(Abi.MSGHDR.byteSize());
        String[] parts = {"ab", "cde"};
        for (int i = 0; i < 2; i++) {
            MemorySegment part = driver.payload(parts[i]);
            iovecs.set(Abi.U64, i * 16L + Abi.IOV_BASE, part.address());
            iovecs.set(Abi.U64, i * 16L + Abi.IOV_LEN, part.byteSize());
        }
        message.set(Abi.U64, Abi.MSG_IOV, iovecs.address());
        message.set(Abi.U64, Abi.MSG_IOVLEN, 2);
        driver.sqe(Abi.IORING_OP_SENDMSG, c.fd(), SEND).address(message).word(Abi.SQE_OP_FLAGS, Abi.MSG_WAITALL);
        driver.turn();
        iovecs.fill((byte) -1);
        message.fill((byte) -1);
        c.peer().receiveWindow(100);
        assertThat(only(driver.turn()).res()).isEqualTo(5);
        assertThat(text(c.peer().received())).isEqualTo("abcde");
    }

    @Test
    void connectsToAListeningPeerOnly() {
        MemorySegment address = kernel.mapMemory(SocketAddresses.SOCKADDR_BYTES);
        int fd = kernel.sockets().socket(Abi.AF_INET);
        int length = SocketAddresses.write(Network.loopback(99), Abi.AF_INET, address);
        connect(fd, address, length);
        assertThat(only(driver.turn()).res()).isEqualTo(-Errno.ECONNREFUSED);

        SimPeerListener listener = kernel.listenPeer(99);
        listener.silent(true);
        connect(fd, address, length);
        assertThat(driver.enter(1, 5_000_000)).isEqualTo(1);
        assertThat(driver.reap()).isEmpty();
        listener.silent(false);
        assertThat(only(driver.turn()).res()).isZero();
        driver.send(fd, SEND, driver.payload("hi"));
        driver.turn();
        assertThat(text(listener.accept().received())).isEqualTo("hi");
    }

    @Test
    void shutsDownAfterTheBatch() {
        Connected c = driver.connected();
        driver.sqe(Abi.IORING_OP_SHUTDOWN, c.fd(), 1).word(Abi.SQE_LEN, Abi.SHUT_WR);
        driver.send(c.fd(), SEND, driver.payload("first"));
        List<Cqe> cqes = driver.turn();
        assertThat(resultOf(cqes, 1)).isZero();
        assertThat(resultOf(cqes, SEND)).as("a shutdown runs on a worker, behind the batch").isEqualTo(5);
        assertThat(c.peer().sawFin()).isTrue();

        driver.sqe(Abi.IORING_OP_SHUTDOWN, c.fd(), 1).word(Abi.SQE_LEN, Abi.SHUT_RDWR);
        driver.sqe(Abi.IORING_OP_CLOSE, c.fd(), CLOSE);
        assertThat(resultOf(driver.turn(), 1)).as("and finds the descriptor then").isEqualTo(-Errno.EBADF);
    }

    private void connect(int fd, MemorySegment address, int length) {
        driver.sqe(Abi.IORING_OP_CONNECT, fd, 1).address(address).word(Abi.SQE_OFF, length);
    }
}
