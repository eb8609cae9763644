package io.hotpath.kernel.linux;

import static io.hotpath.kernel.linux.Uring.IORING_REGISTER_PBUF_RING;
import static io.hotpath.kernel.linux.Uring.IORING_REGISTER_PBUF_STATUS;
import static io.hotpath.kernel.linux.Uring.IORING_REGISTER_RING_FDS;
import static io.hotpath.kernel.linux.Uring.IORING_REGISTER_SYNC_CANCEL;
import static io.hotpath.kernel.linux.Uring.IORING_RESTRICTION_REGISTER_OP;
import static io.hotpath.kernel.linux.Uring.IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
import static io.hotpath.kernel.linux.Uring.IORING_RESTRICTION_SQE_OP;
import static io.hotpath.kernel.linux.Uring.IORING_UNREGISTER_PBUF_RING;
import static io.hotpath.kernel.linux.Uring.IORING_UNREGISTER_RING_FDS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The operations that a restricted ring accepts; everything else completes with {@code -EACCES}. It hardens this process
 * against its own bugs: a corrupted SQE cannot open, unlink or rename a file. It is not a sandbox, because nothing stops
 * a process from making another ring.
 *
 * @see <a href="https://man7.org/linux/man-pages/man3/io_uring_register_restrictions.3.html">io_uring_register_restrictions(3)</a>
 */
final class Restrictions {
    private static final int[] SQE_OPS = {
        Abi.IORING_OP_NOP,
        Abi.IORING_OP_POLL_ADD,
        Abi.IORING_OP_POLL_REMOVE,
        Abi.IORING_OP_SENDMSG,
        Abi.IORING_OP_TIMEOUT,
        Abi.IORING_OP_TIMEOUT_REMOVE,
        Abi.IORING_OP_ACCEPT,
        Abi.IORING_OP_ASYNC_CANCEL,
        Abi.IORING_OP_CONNECT,
        Abi.IORING_OP_CLOSE,
        Abi.IORING_OP_READ,
        Abi.IORING_OP_SEND,
        Abi.IORING_OP_RECV,
        Abi.IORING_OP_SHUTDOWN
    };

    private static final int SQE_FLAGS = Abi.IOSQE_BUFFER_SELECT | Abi.IOSQE_IO_LINK | Abi.IOSQE_CQE_SKIP_SUCCESS;

    /** What a running ring and its teardown register; the newest last, an older kernel does not know it. */
    private static final int[] REGISTER_OPS = {
        IORING_REGISTER_RING_FDS,
        IORING_UNREGISTER_RING_FDS,
        IORING_REGISTER_PBUF_RING,
        IORING_UNREGISTER_PBUF_RING,
        IORING_REGISTER_SYNC_CANCEL,
        IORING_REGISTER_PBUF_STATUS
    };

    private static final long OPCODE = Abi.offset(Abi.RESTRICTION, "opcode");
    private static final long VALUE = Abi.offset(Abi.RESTRICTION, "value");

    private Restrictions() {}

    /** Registers the list on a ring that is not enabled yet; returns 0 or {@code -errno}. */
    static int register(int ringFd, MemorySegment capture) {
        int result = register(ringFd, capture, REGISTER_OPS.length);
        // PBUF_STATUS came with 6.8; a refused list leaves the ring as it was
        return result == -Errno.EINVAL ? register(ringFd, capture, REGISTER_OPS.length - 1) : result;
    }

    private static int register(int ringFd, MemorySegment capture, int registerOps) {
        int count = SQE_OPS.length + 1 + registerOps;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = arena.allocate(Abi.RESTRICTION, count);
            int at = 0;
            for (int op : SQE_OPS) {
                put(list, at++, IORING_RESTRICTION_SQE_OP, op);
            }
            put(list, at++, IORING_RESTRICTION_SQE_FLAGS_ALLOWED, SQE_FLAGS);
            for (int i = 0; i < registerOps; i++) {
                put(list, at++, IORING_RESTRICTION_REGISTER_OP, REGISTER_OPS[i]);
            }
            assert at == count;
            return Syscalls.ioUringRegister(capture, ringFd, Uring.IORING_REGISTER_RESTRICTIONS, list, count);
        }
    }

    private static void put(MemorySegment list, int index, int kind, int value) {
        long entry = index * Abi.RESTRICTION.byteSize();
        list.set(Abi.U16, entry + OPCODE, (short) kind);
        list.set(JAVA_BYTE, entry + VALUE, (byte) value);
    }
}
