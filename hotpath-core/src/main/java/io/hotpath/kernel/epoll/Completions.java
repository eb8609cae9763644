package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingMemory;
import java.lang.foreign.MemorySegment;

/**
 * The completion queue, and behind it the list of what did not fit, which waits in order until an enter finds room. Ring
 * thread; the queue's consumer is the same thread.
 */
final class Completions {
    /** As long as more than this waits, no submission is consumed. */
    static final int OVERFLOW_MAX = 1 << 16;

    private static final int WORDS = 2;

    private final MemorySegment cqHead;
    private final MemorySegment cqTail;
    private final MemorySegment sqFlags;
    private final MemorySegment cqes;
    private final int entries;
    private final int mask;
    private int tail;

    /** User data, then result and flags; from {@code first} to {@code end}. */
    private long[] overflow = new long[0];
    private int first;
    private int end;

    Completions(RingMemory memory) {
        cqHead = memory.cqHead();
        cqTail = memory.cqTail();
        sqFlags = memory.sqFlags();
        cqes = memory.cqes();
        entries = memory.cqEntries();
        mask = entries - 1;
    }

    /** Completions in the queue that were not consumed. */
    int visible() {
        return tail - (int) Abi.COUNTER.getAcquire(cqHead, 0L); // the consumer's store-release: the entries are read
    }

    /** Whether the next completion fits; if not it ends its multishot. */
    boolean hasRoom() {
        return first == end && visible() < entries;
    }

    void post(long userData, int result, int flags) {
        if (hasRoom()) {
            write(userData, result, flags);
        } else {
            overflow(userData, result, flags);
        }
    }

    /** Makes what was posted visible to the consumer; at the end of each enter. */
    void publish() {
        Abi.COUNTER.setRelease(cqTail, 0L, tail); // pairs with the consumer's load-acquire
    }

    boolean overflowFull() {
        return end - first >= OVERFLOW_MAX * WORDS;
    }

    /** Moves what waits into the queue, as far as there is room. */
    void flush() {
        if (first == end) {
            return;
        }
        while (first != end && visible() < entries) {
            long word = overflow[first + 1];
            write(overflow[first], (int) word, (int) (word >>> 32));
            first += WORDS;
        }
        if (first == end) {
            first = 0;
            end = 0;
            Abi.COUNTER.setRelease(sqFlags, 0L, 0);
        }
    }

    private void write(long userData, int result, int flags) {
        long at = (tail & mask) * Abi.CQE_BYTES;
        cqes.set(Abi.U64, at + Abi.CQE_USER_DATA, userData);
        cqes.set(Abi.U32, at + Abi.CQE_RES, result);
        cqes.set(Abi.U32, at + Abi.CQE_FLAGS, flags);
        tail++;
    }

    private void overflow(long userData, int result, int flags) {
        if (end == overflow.length) {
            long[] larger = new long[Math.max(64, 2 * (end - first))];
            System.arraycopy(overflow, first, larger, 0, end - first);
            overflow = larger;
            end -= first;
            first = 0;
        }
        overflow[end] = userData;
        overflow[end + 1] = Integer.toUnsignedLong(result) | (long) flags << 32;
        end += WORDS;
        Abi.COUNTER.setRelease(sqFlags, 0L, Abi.IORING_SQ_CQ_OVERFLOW);
    }
}
