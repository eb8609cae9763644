package io.hotpath.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Generation and owner of each buffer, one word each, and the leases that match them.
 *
 * <p>A lease is a {@code long}: the buffer, its engine and the generation it had when it was lent. Every transfer out of
 * the application's hands moves the generation on, so an old lease never matches again, whatever the buffer holds by then.
 */
final class BufferOwners {
    static final int FREE = 0;
    static final int KERNEL = 1;
    static final int ENGINE = 2;
    static final int APPLICATION = 3;

    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);
    private static final int OWNER_BITS = 2;
    private static final int OWNER_MASK = 3;

    /** A word has no room for more of a generation: a number with bits above it is no lease. */
    private static final int LEASE_BITS = Long.SIZE - OWNER_BITS;

    /** A lease is a generation, the tag of its engine and a buffer; the tag refuses leases of another engine. */
    private static final int TAG_SHIFT = 21;
    private static final int TAG_MASK = 0x3ff;
    private static final int BUFFER_MASK = (1 << TAG_SHIFT) - 1;
    private static final AtomicInteger TAGS = new AtomicInteger();

    private final int tag = (TAGS.getAndIncrement() & TAG_MASK) << TAG_SHIFT;

    /**
     * The loop thread writes; another thread changes a word only by the CAS that takes it out of APPLICATION, so the loop's
     * plain moves between the other owners cannot meet it.
     */
    private final int[] words;

    BufferOwners(int count) {
        assert count <= BUFFER_MASK + 1;
        words = new int[count];
    }

    // ---- any thread ---------------------------------------------------------------------------------------------

    static int buffer(long lease) {
        return (int) lease & BUFFER_MASK;
    }

    /** Whether {@code lease} was made by this engine. */
    boolean tagged(long lease) {
        return ((int) lease & ~BUFFER_MASK) == tag;
    }

    /** Whether {@code lease} is still the application's. */
    boolean lent(long lease) {
        int buffer = buffer(lease);
        return ours(lease) && (int) WORD.getAcquire(words, buffer) == word(generation(lease), APPLICATION);
    }

    /** Takes {@code lease} out of the application's hands; false if it is there no more. Once per lease, whoever asks. */
    boolean leave(long lease, int owner) {
        int generation = generation(lease);
        return ours(lease)
                && WORD.compareAndSet(
                        words, buffer(lease), word(generation, APPLICATION), word(generation + 1, owner));
    }

    /** How many of the first {@code range} buffers {@code owner} has; each is looked at for itself. */
    int count(int owner, int range) {
        int count = 0;
        for (int buffer = 0; buffer < range; buffer++) {
            count += ((int) WORD.getOpaque(words, buffer) & OWNER_MASK) == owner ? 1 : 0;
        }
        return count;
    }

    private boolean ours(long lease) {
        return tagged(lease) && buffer(lease) < words.length && lease >>> LEASE_BITS == 0;
    }

    // ---- loop thread --------------------------------------------------------------------------------------------

    int owner(int buffer) {
        return words[buffer] & OWNER_MASK;
    }

    void owner(int buffer, int owner) {
        words[buffer] = word(generation(words[buffer]), owner);
    }

    /** Nobody's, in the next generation. */
    void free(int buffer) {
        words[buffer] = word(generation(words[buffer]) + 1, FREE);
    }

    /** The application's from now on; returns the lease. */
    long lend(int buffer) {
        int generation = generation(words[buffer]);
        WORD.setRelease(words, buffer, word(generation, APPLICATION)); // length and bytes are there before
        return (long) generation << 32 | tag | buffer;
    }

    private static int word(int generation, int owner) {
        return generation << OWNER_BITS | owner;
    }

    private static int generation(int word) {
        return word >>> OWNER_BITS;
    }

    private static int generation(long lease) {
        return (int) (lease >>> 32);
    }
}
