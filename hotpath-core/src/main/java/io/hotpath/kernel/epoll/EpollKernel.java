package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import io.hotpath.kernel.libc.Host;
import io.hotpath.kernel.libc.LinuxSockets;
import io.hotpath.kernel.libc.Mmap;
import java.lang.foreign.MemorySegment;

/**
 * io_uring's contract over epoll, for hosts that refuse io_uring. Descriptors and memory are those of the io_uring kernel,
 * so that what lives on one moves to the other.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/epoll.7.html">epoll(7)</a>
 */
public final class EpollKernel implements Kernel {
    private static final EpollKernel INSTANCE = new EpollKernel();

    private final Sockets sockets = new LinuxSockets();

    private EpollKernel() {}

    /**
     * The kernel of this machine.
     *
     * @throws UnsupportedOperationException if this is not a 64-bit little-endian Linux
     */
    public static EpollKernel instance() {
        Host.requireLinux();
        return INSTANCE;
    }

    @Override
    public String name() {
        return "epoll";
    }

    @Override
    public KernelRing openRing(RingSetup setup) {
        return EpollRing.open(this, setup);
    }

    @Override
    public Sockets sockets() {
        return sockets;
    }

    @Override
    public MemorySegment mapMemory(long bytes) {
        return Mmap.anonymous(bytes);
    }

    @Override
    public void unmapMemory(MemorySegment memory) {
        Mmap.unmap(memory.address(), memory.byteSize());
    }

    @Override
    public boolean capsBundles() {
        return true;
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }
}
