package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The {@code msghdr} of a receive into several buffers of a group, made anew for each. Ring thread. */
final class Scatter {
    /** Bounds what one connection takes before the others have their turn. */
    static final int BUFFERS_MAX = 16;

    private static final long HEADER_BYTES = Abi.MSGHDR.byteSize();
    private static final long IOVEC_BYTES = Abi.IOVEC.byteSize();

    private final MemorySegment memory;

    Scatter(Arena arena) {
        memory = arena.allocate(HEADER_BYTES + BUFFERS_MAX * IOVEC_BYTES, Long.BYTES);
        memory.set(Abi.U64, Abi.MSG_IOV, memory.address() + HEADER_BYTES);
    }

    long address() {
        return memory.address();
    }

    /** Names the next buffers of {@code group}, for at most {@code bytesMax}; returns the bytes that they take. */
    long gather(BufferGroup group, long bytesMax) {
        int count = Math.min(group.available(), BUFFERS_MAX);
        long bytes = 0;
        int used = 0;
        while (used < count && bytes < bytesMax) {
            long length = Math.min(Integer.toUnsignedLong(group.length(used)), bytesMax - bytes);
            long at = HEADER_BYTES + used * IOVEC_BYTES;
            memory.set(Abi.U64, at + Abi.IOV_BASE, group.address(used));
            memory.set(Abi.U64, at + Abi.IOV_LEN, length);
            bytes += length;
            used++;
        }
        memory.set(Abi.U64, Abi.MSG_IOVLEN, used);
        return bytes;
    }
}
