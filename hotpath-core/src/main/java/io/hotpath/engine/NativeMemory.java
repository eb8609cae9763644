package io.hotpath.engine;

import java.lang.foreign.MemorySegment;

/** Native memory that others own, by its address. */
final class NativeMemory {
    /** Offsets are addresses. */
    static final MemorySegment ALL = all();

    private NativeMemory() {}

    @SuppressWarnings("restricted") // the bounds are the caller's, who has the memory
    private static MemorySegment all() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }
}
