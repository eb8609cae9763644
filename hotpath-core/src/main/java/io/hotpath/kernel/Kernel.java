package io.hotpath.kernel;

import java.lang.foreign.MemorySegment;

/**
 * What is under a ring. Real memory, real SQEs, real CQEs and real buffer-ring entries whatever the implementation; what
 * differs is who serves them: io_uring, epoll or a simulation.
 *
 * <p>A kernel has no thread of its own and outlives its rings: descriptors belong to the kernel, so a connection can move
 * from one of its rings to another. All kernels of one operating system share their descriptors.
 */
public interface Kernel {
    /** A short name for logs and gauges: {@code io_uring}, {@code epoll}, {@code sim}. */
    String name();

    /**
     * Opens a ring for the calling thread, which alone may enter it from now on.
     *
     * @throws KernelRefused         if the host refuses; the message names who refused and the remedy
     * @throws IllegalStateException if the calling thread is virtual: a ring belongs to one thread of the system
     */
    KernelRing openRing(RingSetup setup);

    /** The socket calls that are not ring operations. Any thread. */
    Sockets sockets();

    /**
     * Maps {@code bytes} for buffers and buffer rings: page-aligned, zeroed, of global scope, so that it lives until
     * {@link #unmapMemory}. Any thread.
     *
     * @throws io.hotpath.EngineException if there is no memory; the message names the remedy
     */
    MemorySegment mapMemory(long bytes);

    /**
     * Unmaps what {@link #mapMemory} returned, the whole of it. Nobody may touch it afterwards, the kernel included: the
     * caller has unregistered and reaped everything that points to it. Any thread.
     */
    void unmapMemory(MemorySegment memory);

    /**
     * Whether a receive may take bundles and have a byte cap: its rings leave the lengths of buffers alone that it did not
     * fill, and end it at the cap. Asked first, it may try that out, which takes less than a millisecond. Any thread.
     */
    default boolean capsBundles() {
        return false;
    }

    /** Nanoseconds on a monotonic clock with an arbitrary origin; virtual under simulation. Any thread. */
    long nanoTime();
}
