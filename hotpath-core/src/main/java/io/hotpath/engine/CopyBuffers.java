package io.hotpath.engine;

/**
 * Which copy buffers are free: those that came back, linked last in first out, and then those that were never touched. Loop
 * thread.
 */
final class CopyBuffers {
    private static final int NONE = -1;

    private final int[] next;
    private final int first;
    private final int count;
    private int free = NONE;
    private int freeCount;
    private int touched;

    /**
     * @param next  links the free ones, by buffer
     * @param first the first copy buffer; the rest of {@code next} are copy buffers too
     */
    CopyBuffers(int[] next, int first) {
        this.next = next;
        this.first = first;
        count = next.length - first;
    }

    /** A free one, or -1. */
    int take() {
        int buffer = free;
        if (buffer != NONE) {
            free = next[buffer];
            freeCount--;
            return buffer;
        }
        return touched < count ? first + touched++ : NONE;
    }

    void give(int buffer) {
        next[buffer] = free;
        free = buffer;
        freeCount++;
    }

    int free() {
        return count - touched + freeCount;
    }

    int held() {
        return touched - freeCount;
    }
}
