package io.hotpath.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The 64 bytes of each submission, written out: opcode, flags, ioprio, fd, off, addr, len, op_flags, user_data, buf_group,
 * personality, optlen, and 16 bytes of zero.
 */
final class SqeTest {
    private static final long USER_DATA = 0x0102_0304_0506_0708L;
    private static final String USER_DATA_BYTES = "0807060504030201";
    private static final String NONE = "ffffffff";
    private static final String ZERO = "0000000000000000";

    private final FakeKernel kernel = new FakeKernel();
    private Ring ring;

    @BeforeEach
    void open() {
        ring = Ring.open(kernel, new RingSetup(1, 16, false));
        // what was in the slot before must not shine through
        kernel.ring().memory.sqes().fill((byte) 0x5a);
    }

    @Test
    void nop() {
        ring.prepNop(USER_DATA);
        assertSqe("00 00 0000", NONE, ZERO, ZERO, "00000000 00000000", "0000 0000 00000000");
    }

    @Test
    void acceptIsMultishotCloseOnExecAndNonBlocking() {
        ring.prepAcceptMultishot(7, false, USER_DATA);
        assertSqe("0d 00 0100", "07000000", ZERO, ZERO, "00000000 00080800", "0000 0000 00000000");
    }

    @Test
    void acceptThatPollsFirst() {
        ring.prepAcceptMultishot(7, true, USER_DATA);
        assertSqe("0d 00 0500", "07000000", ZERO, ZERO, "00000000 00080800", "0000 0000 00000000");
    }

    @Test
    void recvIsMultishotFromABufferGroup() {
        ring.prepRecvMultishot(7, 0xbeef, 0, USER_DATA);
        assertSqe("1b 20 0200", "07000000", ZERO, ZERO, "00000000 00000000", "efbe 0000 00000000");
    }

    @Test
    void recvWithACap() {
        ring.prepRecvMultishot(7, 1, 0x1234_5678, USER_DATA);
        assertSqe("1b 20 0200", "07000000", ZERO, ZERO, "00000000 00000000", "0100 0000 78563412");
    }

    @Test
    void recvOnce() {
        ring.prepRecvOnce(0x0a0b_0c0d, 2, USER_DATA);
        assertSqe("1b 20 0000", "0d0c0b0a", ZERO, ZERO, "00000000 00000000", "0200 0000 00000000");
    }

    @Test
    void sendIsOfAllBytesAndWithoutASignal() {
        ring.prepSend(7, 0x1122_3344_5566_7788L, 0x8000_0001, USER_DATA);
        assertSqe("1a 00 0000", "07000000", ZERO, "8877665544332211", "01000080 00410000", "0000 0000 00000000");
    }

    @Test
    void gatheredSendNamesAMessageWithItsParts() {
        Gather gather = ring.gather();
        gather.begin();
        gather.add(0x1000, 3);
        gather.add(0x2000, 5);
        ring.prepSendGathered(7, USER_DATA);

        long messageAddress = MemorySegment.ofArray(sqe()).get(Abi.U64.withByteAlignment(1), Abi.SQE_ADDR);
        String address = HexFormat.of().toHexDigits(Long.reverseBytes(messageAddress));
        assertSqe("09 00 0000", "07000000", ZERO, address, "01000000 00410000", "0000 0000 00000000");
        MemorySegment message = at(messageAddress, Abi.MSGHDR.byteSize());
        assertThat(message.get(Abi.U64, Abi.MSG_IOVLEN)).isEqualTo(2);
        MemorySegment parts = at(message.get(Abi.U64, Abi.MSG_IOV), 2 * Abi.IOVEC.byteSize());
        assertThat(parts.toArray(Abi.U64)).containsExactly(0x1000, 3, 0x2000, 5);
        message.set(Abi.U64, Abi.MSG_IOVLEN, 0);
        message.set(Abi.U64, Abi.MSG_IOV, 0);
        assertThat(message.toArray(Abi.U64)).containsOnly(0);
    }

    @Test
    void connect() {
        ring.prepConnect(7, 0x1122_3344_5566_7788L, 16, USER_DATA);
        assertSqe(
                "10 00 0000", "07000000", "1000000000000000", "8877665544332211", "00000000 00000000",
                "0000 0000 00000000");
    }

    @Test
    void shutdown() {
        ring.prepShutdown(7, Abi.SHUT_WR, USER_DATA);
        assertSqe("22 00 0000", "07000000", ZERO, ZERO, "01000000 00000000", "0000 0000 00000000");
    }

    @Test
    void close() {
        ring.prepClose(7, USER_DATA);
        assertSqe("13 00 0000", "07000000", ZERO, ZERO, "00000000 00000000", "0000 0000 00000000");
    }

    @Test
    void cancelOfOneByItsUserData() {
        ring.prepCancel(0x0200_0001_0000_0007L, USER_DATA);
        assertSqe("0e 00 0000", NONE, ZERO, "0700000001000002", "00000000 00000000", "0000 0000 00000000");
    }

    @Test
    void cancelOfEverything() {
        ring.prepCancelAll(USER_DATA);
        assertSqe("0e 00 0000", NONE, ZERO, ZERO, "00000000 05000000", "0000 0000 00000000");
    }

    @Test
    void pollOnce() {
        ring.prepPoll(7, Abi.POLLIN | Abi.POLLRDHUP, false, USER_DATA);
        assertSqe("06 00 0000", "07000000", ZERO, ZERO, "00000000 01200000", "0000 0000 00000000");
    }

    @Test
    void pollOfEachEdge() {
        ring.prepPoll(7, Abi.POLLIN | Abi.EPOLLET, true, USER_DATA);
        assertSqe("06 00 0000", "07000000", ZERO, ZERO, "01000000 01000080", "0000 0000 00000000");
    }

    @Test
    void raw() {
        ring.prepRaw(Abi.IORING_OP_OPENAT, -1, 1, 2, 3, 4, USER_DATA);
        assertSqe(
                "12 00 0000", NONE, "0100000000000000", "0200000000000000", "03000000 04000000",
                "0000 0000 00000000");
    }

    @Test
    void userDataIsOpGenerationAndSlot() {
        long userData = UserData.of(0xfe, 0x01ab_cdef, -2);

        assertThat(userData).isEqualTo(0xfeab_cdef_ffff_fffeL);
        assertThat(UserData.op(userData)).isEqualTo(0xfe);
        assertThat(UserData.generation(userData)).isEqualTo(0xab_cdef);
        assertThat(UserData.slot(userData)).isEqualTo(-2);
    }

    private void assertSqe(
            String head, String fd, String off, String address, String lengthAndFlags, String groupAndCap) {
        String expected = head + fd + off + address + lengthAndFlags + USER_DATA_BYTES + groupAndCap + ZERO + ZERO;
        assertThat(HexFormat.of().formatHex(sqe())).isEqualTo(expected.replace(" ", ""));
    }

    /** The one submission that was prepared. */
    private byte[] sqe() {
        ring.submit();
        assertThat(kernel.ring().taken).hasSize(1);
        return Arrays.copyOf(kernel.ring().taken.getFirst(), 64);
    }

    @SuppressWarnings("restricted") // the test reads what the kernel would
    private static MemorySegment at(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }
}
