package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The queues of a ring in ordinary memory, each counter in a cache line of its own. */
final class Queues {
    private static final int CACHE_LINE_BYTES = 64;

    private Queues() {}

    static RingMemory allocate(RingSetup setup, Arena arena) {
        int sqEntries = roundUp(setup.sqEntries());
        int cqEntries = roundUp(setup.cqEntries());
        return new RingMemory(
                sqEntries,
                cqEntries,
                counter(arena),
                counter(arena),
                counter(arena),
                counter(arena),
                arena.allocate(sqEntries * Abi.SQE_BYTES, CACHE_LINE_BYTES),
                counter(arena),
                counter(arena),
                counter(arena),
                arena.allocate(cqEntries * Abi.CQE_BYTES, CACHE_LINE_BYTES));
    }

    private static MemorySegment counter(Arena arena) {
        return arena.allocate(CACHE_LINE_BYTES, CACHE_LINE_BYTES).asSlice(0, Abi.U32.byteSize());
    }

    private static int roundUp(int entries) {
        return entries == 1 ? 1 : Integer.highestOneBit(entries - 1) << 1;
    }
}
