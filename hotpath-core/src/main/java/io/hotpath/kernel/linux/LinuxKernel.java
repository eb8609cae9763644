package io.hotpath.kernel.linux;

import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import io.hotpath.kernel.libc.Host;
import io.hotpath.kernel.libc.LinuxSockets;
import io.hotpath.kernel.libc.Mmap;
import java.lang.foreign.MemorySegment;

/**
 * io_uring. Loading this class is harmless everywhere; {@link #instance()} is where another operating system is told so.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/io_uring.7.html">io_uring(7)</a>
 */
public final class LinuxKernel implements Kernel {
    private static final LinuxKernel INSTANCE = new LinuxKernel();

    private final Sockets sockets = new LinuxSockets();

    private LinuxKernel() {}

    /**
     * The kernel of this machine. That it exists does not mean that it lets us open a ring.
     *
     * @throws UnsupportedOperationException if this is not a 64-bit little-endian Linux
     */
    public static LinuxKernel instance() {
        Host.requireLinux();
        return INSTANCE;
    }

    @Override
    public String name() {
        return "io_uring";
    }

    @Override
    public KernelRing openRing(RingSetup setup) {
        return LinuxRing.open(this, setup, SetUp.LADDER);
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
        return CappedBundles.safe();
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }
}
