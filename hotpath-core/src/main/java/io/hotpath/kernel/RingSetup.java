package io.hotpath.kernel;

/**
 * The sizes of a ring to open.
 *
 * @param sqEntries  submission queue entries; the kernel rounds up to a power of two
 * @param cqEntries  completion queue entries, at least {@code sqEntries}; rounded up as well
 * @param restricted whether the ring is limited to the operations that Hotpath uses, where the kernel can do it
 */
public record RingSetup(int sqEntries, int cqEntries, boolean restricted) {
    /** The kernel's own limit, {@code IORING_MAX_ENTRIES}. */
    public static final int SQ_ENTRIES_MAX = 32768;

    /** The kernel's own limit, {@code IORING_MAX_CQ_ENTRIES}. */
    public static final int CQ_ENTRIES_MAX = 2 * SQ_ENTRIES_MAX;

    public RingSetup {
        if (sqEntries < 1 || sqEntries > SQ_ENTRIES_MAX) {
            throw new IllegalArgumentException("sqEntries is " + sqEntries + ", must be 1.." + SQ_ENTRIES_MAX
                    + ": the kernel's limit for a submission queue");
        }
        if (cqEntries < sqEntries || cqEntries > CQ_ENTRIES_MAX) {
            throw new IllegalArgumentException("cqEntries is " + cqEntries + ", must be sqEntries (" + sqEntries + ").."
                    + CQ_ENTRIES_MAX + ": each submission completes at least once");
        }
    }
}
