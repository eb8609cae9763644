package io.hotpath.ring;

import io.hotpath.KernelPolicy;
import io.hotpath.kernel.RingSetup;

/**
 * The sizes of a hand-driven ring. Immutable; start from {@link #DEFAULT}.
 *
 * @param entries     submission queue entries, 1..32768; the kernel rounds up to a power of two
 * @param buffers     receive buffers, a power of two, 1..32768
 * @param bufferBytes bytes of each buffer
 * @param restricted  whether the kernel refuses what Hotpath does not use
 * @param policy      which kernel may serve it
 */
public record RingConfig(int entries, int buffers, int bufferBytes, boolean restricted, KernelPolicy policy) {
    /** 1024 entries, 512 buffers of 8192 bytes, restricted, {@link KernelPolicy#AUTO}. */
    public static final RingConfig DEFAULT = new RingConfig(1024, 512, 8192, true, KernelPolicy.AUTO);

    private static final int CQ_ENTRIES_MIN = 4096;

    public RingConfig {
        if (entries < 1 || entries > RingSetup.SQ_ENTRIES_MAX) {
            throw new IllegalArgumentException("entries (the queue depth) is " + entries + ", must be 1.."
                    + RingSetup.SQ_ENTRIES_MAX + ": the kernel's limit for a submission queue");
        }
        BufferRing.requireCount(buffers);
        requireBufferBytes(bufferBytes);
    }

    /** Refuses sizes that no buffer can have. */
    public static void requireBufferBytes(int bufferBytes) {
        if (bufferBytes <= 0) {
            throw new IllegalArgumentException(
                    "bufferBytes is " + bufferBytes + ", must be at least 1: the kernel needs"
                            + " room for a byte in each buffer");
        }
    }

    /** A multishot operation posts many completions, so the queue is sized by buffers, not by submissions. */
    public static int cqEntries(int entries, int buffers) {
        return Math.min(Math.max(Math.max(CQ_ENTRIES_MIN, 4 * buffers), 2 * entries), RingSetup.CQ_ENTRIES_MAX);
    }

    public RingConfig withEntries(int value) {
        return new RingConfig(value, buffers, bufferBytes, restricted, policy);
    }

    public RingConfig withBuffers(int count, int bytes) {
        return new RingConfig(entries, count, bytes, restricted, policy);
    }

    public RingConfig withRestricted(boolean value) {
        return new RingConfig(entries, buffers, bufferBytes, value, policy);
    }

    public RingConfig withPolicy(KernelPolicy value) {
        return new RingConfig(entries, buffers, bufferBytes, restricted, value);
    }

    RingSetup setup() {
        return new RingSetup(entries, cqEntries(entries, buffers), restricted);
    }
}
