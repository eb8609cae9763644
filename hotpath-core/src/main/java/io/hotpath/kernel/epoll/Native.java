package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;

/** The one place that reads what an address in an SQE points to, as the kernel does: unchecked. */
final class Native {
    private static final MemorySegment ALL = all();

    private Native() {}

    static long u64(long address) {
        return ALL.get(Abi.U64, address);
    }

    static void copy(long address, MemorySegment to, long offset, long bytes) {
        MemorySegment.copy(ALL, address, to, offset, bytes);
    }

    @SuppressWarnings("restricted") // an SQE names memory by its address
    private static MemorySegment all() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }
}
