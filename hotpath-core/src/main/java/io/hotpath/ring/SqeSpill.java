package io.hotpath.ring;

import java.util.Arrays;

/**
 * SQEs that found the submission queue full and the kernel unwilling to take more at that moment. A first-in first-out
 * queue, empty in normal life, so that a full queue never reaches a caller.
 */
final class SqeSpill {
    /** More than this and the kernel has stopped consuming: better to fail than to grow. */
    static final int SPILL_MAX = 1 << 20;

    private static final int WORDS = 6;

    private long[] words = new long[0];
    private int first;
    private int end;

    boolean isEmpty() {
        return first == end;
    }

    int size() {
        return (end - first) / WORDS;
    }

    void add(long head, long off, long address, long lengthAndFlags, long userData, long groupAndCap) {
        if (end == words.length) {
            grow();
        }
        words[end] = head;
        words[end + 1] = off;
        words[end + 2] = address;
        words[end + 3] = lengthAndFlags;
        words[end + 4] = userData;
        words[end + 5] = groupAndCap;
        end += WORDS;
    }

    void moveOne(Writer writer) {
        int at = first;
        writer.write(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4], words[at + 5]);
        first += WORDS;
        if (first == end) {
            first = 0;
            end = 0;
        }
    }

    private void grow() {
        int length = end - first;
        if (length / WORDS >= SPILL_MAX) {
            throw new IllegalStateException(
                    "the kernel consumes no submissions: " + SPILL_MAX + " wait beside a full submission queue");
        }
        long[] larger = first > 0 && length < words.length / 2 ? words : new long[Math.max(WORDS * 64, length * 2)];
        System.arraycopy(words, first, larger, 0, length);
        if (larger == words) {
            Arrays.fill(words, length, end, 0);
        }
        words = larger;
        first = 0;
        end = length;
    }

    /** Puts six words into the submission queue. */
    interface Writer {
        void write(long head, long off, long address, long lengthAndFlags, long userData, long groupAndCap);
    }
}
