package io.hotpath.kernel.linux;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Whether a receive of bundles may have a cap. Kernels before 6.18.36 write into the shared ring a shorter length for its first
 * buffer, where the rest of the cap is less than a buffer, and leave it there if nothing was received. So this is what is
 * done once: a receive with a cap of one byte on a socket that has nothing, and a look at the buffer's length.
 */
final class CappedBundles {
    private static final int SOCK_DGRAM = 2; // nobody sends to one that was never bound
    private static final int BUFFER_BYTES = 64;
    private static final int CAP_BYTES = 1;

    private CappedBundles() {}

    /** Loaded, and so found out, by the first who asks. */
    private static final class Found {
        static final boolean SAFE = leaveLengths();
    }

    static boolean safe() {
        return Found.SAFE;
    }

    private static boolean leaveLengths() {
        int socket = Syscalls.socket(
                Abi.AF_INET, SOCK_DGRAM | Abi.SOCK_NONBLOCK | Abi.SOCK_CLOEXEC, 0);
        if (socket < 0) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            return leavesLength(socket, arena.allocate(BUFFER_BYTES));
        } catch (RuntimeException refused) { // whoever asks is a loop, which goes on without
            return false;
        } finally {
            Syscalls.close(socket);
        }
    }

    private static boolean leavesLength(int socket, MemorySegment buffer) {
        LinuxKernel kernel = LinuxKernel.instance();
        MemorySegment buffers = kernel.mapMemory(Abi.BUF_BYTES);
        try {
            return leavesLength(kernel, socket, buffers, buffer);
        } finally {
            kernel.unmapMemory(buffers);
        }
    }

    private static boolean leavesLength(
            LinuxKernel kernel, int socket, MemorySegment buffers, MemorySegment buffer) {
        KernelRing ring = kernel.openRing(new RingSetup(1, 2, false));
        try {
            buffers.set(Abi.U64, Abi.BUF_ADDR, buffer.address());
            buffers.set(Abi.U32, Abi.BUF_LEN, BUFFER_BYTES);
            buffers.set(Abi.U16, Abi.BUF_RING_TAIL, (short) 1);
            if (ring.registerBufferRing(buffers, 1, 0) < 0) {
                return false;
            }
            submit(ring.memory(), socket);
            boolean waits = ring.enter(1, 0, true, 0) == 1
                    && ring.memory().cqTail().get(Abi.U32, 0) == 0; // else it was refused
            boolean left = buffers.get(Abi.U32, Abi.BUF_LEN) == BUFFER_BYTES;
            ring.unregisterBufferRing(0);
            return waits && left;
        } finally {
            ring.close();
        }
    }

    private static void submit(RingMemory memory, int socket) {
        int how = Abi.IORING_RECV_MULTISHOT | Abi.IORING_RECVSEND_BUNDLE;
        long head = Abi.IORING_OP_RECV | (long) Abi.IOSQE_BUFFER_SELECT << 8 | (long) how << 16 | (long) socket << 32;
        memory.sqes().set(Abi.U64, Abi.SQE_HEAD, head);
        memory.sqes().set(Abi.U64, Abi.SQE_BUF_GROUP, (long) CAP_BYTES << 32);
        Abi.COUNTER.setRelease(memory.sqTail(), 0L, 1);
    }
}
