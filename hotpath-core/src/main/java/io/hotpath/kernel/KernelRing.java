package io.hotpath.kernel;

import java.lang.foreign.MemorySegment;

/**
 * One open ring: shared memory plus one call. Ring thread, except {@link #wake()}.
 *
 * <p>Calls return a count or {@code -errno}, as the kernel does; they do not throw.
 */
public interface KernelRing {
    /** The kernel that opened this ring. */
    Kernel kernel();

    /** The mapped queues. Valid until {@link #close()}, on the ring thread only. */
    RingMemory memory();

    /** What this ring can do, found when it was opened. */
    RingFeatures features();

    /**
     * Submits {@code toSubmit} prepared SQEs and, if {@code getEvents}, runs what the kernel deferred and waits.
     *
     * @param minComplete  completions to wait for; 0 does not wait
     * @param timeoutNanos the longest wait, relative; negative waits without a limit, 0 does not wait and is not an
     *                     {@code -ETIME}. Ignored unless {@code minComplete > 0}
     * @return the SQEs consumed, or {@code -EINTR}, {@code -ETIME}, {@code -EAGAIN}, {@code -EBUSY} in normal life,
     *         {@code -EBADR} if completions were lost, any other errno if the ring is broken
     * @see <a href="https://man7.org/linux/man-pages/man2/io_uring_enter.2.html">io_uring_enter(2)</a>
     */
    int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos);

    /**
     * Registers a buffer ring of {@code entries} (a power of two) as {@code group}.
     *
     * @param ring page-aligned memory of {@code entries * 16} bytes that stays valid until it is unregistered
     * @return 0 or {@code -errno}
     */
    int registerBufferRing(MemorySegment ring, int entries, int group);

    /** Unregisters a buffer ring; returns 0 or {@code -errno}. The kernel does not touch its memory afterwards. */
    int unregisterBufferRing(int group);

    /** The kernel's head of a buffer ring as an unsigned 16-bit value, or {@code -errno} where it cannot tell. */
    int bufferRingHead(int group);

    /** The descriptor that becomes readable by {@link #wake()}; the ring's owner arms a multishot poll on it. */
    int wakeFd();

    /** Makes {@link #wakeFd()} readable. Any thread, also after {@link #close()}, then without effect. */
    void wake();

    /**
     * Unmaps and closes. The caller has cancelled and reaped everything and has unregistered its buffer rings.
     * Idempotent.
     */
    void close();
}
