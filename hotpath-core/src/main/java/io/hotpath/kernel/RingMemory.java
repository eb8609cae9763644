package io.hotpath.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The mapped queues of a ring, each counter as a segment of four bytes. Confined to the ring thread, so that a stray
 * thread fails instead of corrupting.
 *
 * <p>Who writes what: the kernel {@code sqHead, sqFlags, sqDropped, cqTail, cqOverflow, cqes}; we {@code sqTail, sqes,
 * cqHead}. There is no index array, or it is the identity: entry i of the queue is {@code sqes[i & (sqEntries - 1)]}.
 *
 * @param sqEntries power of two
 * @param cqEntries power of two
 * @param sqHead    u32, the kernel has consumed entries below it
 * @param sqTail    u32, entries below it are submitted by the next enter
 * @param sqFlags   u32, {@link Abi#IORING_SQ_CQ_OVERFLOW} among others
 * @param sqDropped u32, submissions that the kernel refused to look at; always 0 unless we are wrong
 * @param sqes      {@code sqEntries * 64} bytes
 * @param cqHead    u32, we have consumed entries below it
 * @param cqTail    u32, entries below it are completed
 * @param cqOverflow u32, completions lost for want of memory, cumulative; those that wait for room are not in it
 * @param cqes      {@code cqEntries * 16} bytes
 */
public record RingMemory(
        int sqEntries,
        int cqEntries,
        MemorySegment sqHead,
        MemorySegment sqTail,
        MemorySegment sqFlags,
        MemorySegment sqDropped,
        MemorySegment sqes,
        MemorySegment cqHead,
        MemorySegment cqTail,
        MemorySegment cqOverflow,
        MemorySegment cqes) {}
