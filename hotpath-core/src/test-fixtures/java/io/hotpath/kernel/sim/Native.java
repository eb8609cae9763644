package io.hotpath.kernel.sim;

import java.lang.foreign.MemorySegment;

/** The one place that turns an address in an SQE or a buffer-ring entry into memory, as the kernel does: unchecked. */
final class Native {
    private Native() {}

    @SuppressWarnings("restricted")
    static MemorySegment at(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }
}
