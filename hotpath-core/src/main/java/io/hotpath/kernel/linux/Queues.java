package io.hotpath.kernel.linux;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.libc.Mmap;
import io.hotpath.kernel.libc.Releases;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The two mappings of a ring: the counters with the completions, and the SQEs. {@code IORING_FEAT_SINGLE_MMAP} is
 * required, so the completion queue needs no mapping of its own.
 */
final class Queues {
    private static final long COUNTER_BYTES = Abi.U32.byteSize();

    private Queues() {}

    /** Maps the queues of {@code ring} for the thread of {@code arena}; {@code releases} learns how to unmap them. */
    static RingMemory map(SetUp ring, Arena arena, Releases releases) {
        long sqBytes = ring.sqOffset("array") + ring.sqEntries() * COUNTER_BYTES;
        long cqBytes = ring.cqOffset("cqes") + ring.cqEntries() * Abi.CQE_BYTES;
        MemorySegment counters =
                map(ring, Uring.IORING_OFF_SQ_RING, Math.max(sqBytes, cqBytes), arena, releases);
        MemorySegment sqes =
                map(ring, Uring.IORING_OFF_SQES, ring.sqEntries() * Abi.SQE_BYTES, arena, releases);
        if (!ring.has(Abi.IORING_SETUP_NO_SQARRAY)) {
            writeIdentity(counters.asSlice(ring.sqOffset("array"), ring.sqEntries() * COUNTER_BYTES));
        }
        return new RingMemory(
                ring.sqEntries(),
                ring.cqEntries(),
                counter(counters, ring.sqOffset("head")),
                counter(counters, ring.sqOffset("tail")),
                counter(counters, ring.sqOffset("flags")),
                counter(counters, ring.sqOffset("dropped")),
                sqes,
                counter(counters, ring.cqOffset("head")),
                counter(counters, ring.cqOffset("tail")),
                counter(counters, ring.cqOffset("overflow")),
                counters.asSlice(ring.cqOffset("cqes"), ring.cqEntries() * Abi.CQE_BYTES));
    }

    private static MemorySegment map(SetUp ring, long offset, long bytes, Arena arena, Releases releases) {
        MemorySegment mapped =
                Mmap.ring(ring.fd(), offset, bytes, arena, errno -> Refusal.ofStep("mmap of a ring", errno));
        long address = mapped.address();
        releases.add(() -> Mmap.unmap(address, bytes));
        return mapped;
    }

    /** Entry i of the queue is SQE i, once and for all. */
    private static void writeIdentity(MemorySegment array) {
        for (int i = 0; i < array.byteSize() / COUNTER_BYTES; i++) {
            array.setAtIndex(Abi.U32, i, i);
        }
    }

    private static MemorySegment counter(MemorySegment counters, int offset) {
        return counters.asSlice(offset, COUNTER_BYTES);
    }
}
