package io.hotpath.engine;

import io.hotpath.Errno;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import java.lang.foreign.MemorySegment;

/** One step of a failover: any kernel, with rings that can be refused and broken. */
final class StepKernel implements Kernel {
    /** Rings to open that are refused. */
    int refusing;

    /** What the next enters answer instead of entering; 0 lets the kernel answer. */
    int enterErrno;

    /** How many enters answer that; then the ring works again, as it does after {@code EBADR}. */
    int enterErrnoCount = Integer.MAX_VALUE;

    /** Whether the errno is for the ring that is open now only, and the next one works. */
    boolean forOneRing = true;

    int opened;
    int brokenEnters;

    private final Kernel kernel;

    StepKernel(Kernel kernel) {
        this.kernel = kernel;
    }

    /** From now on the open ring answers {@code EBADF} to each enter. */
    void die() {
        enterErrno = Errno.EBADF;
    }

    @Override
    public String name() {
        return kernel.name();
    }

    @Override
    public KernelRing openRing(RingSetup setup) {
        if (refusing > 0) {
            refusing--;
            throw new KernelRefused(KernelRefused.Reason.BLOCKED, "io_uring_setup", Errno.EPERM, "the test refuses");
        }
        opened++;
        if (forOneRing) {
            enterErrno = 0;
        }
        return new Step(kernel.openRing(setup));
    }

    @Override
    public Sockets sockets() {
        return kernel.sockets();
    }

    @Override
    public MemorySegment mapMemory(long bytes) {
        return kernel.mapMemory(bytes);
    }

    @Override
    public void unmapMemory(MemorySegment memory) {
        kernel.unmapMemory(memory);
    }

    @Override
    public long nanoTime() {
        return kernel.nanoTime();
    }

    private final class Step implements KernelRing {
        private final KernelRing ring;

        Step(KernelRing ring) {
            this.ring = ring;
        }

        @Override
        public int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {
            if (enterErrno != 0 && enterErrnoCount > 0) {
                enterErrnoCount--;
                brokenEnters++;
                return -enterErrno;
            }
            return ring.enter(toSubmit, minComplete, getEvents, timeoutNanos);
        }

        @Override
        public Kernel kernel() {
            return StepKernel.this;
        }

        @Override
        public RingMemory memory() {
            return ring.memory();
        }

        @Override
        public RingFeatures features() {
            return ring.features();
        }

        @Override
        public int registerBufferRing(MemorySegment entries, int count, int group) {
            return ring.registerBufferRing(entries, count, group);
        }

        @Override
        public int unregisterBufferRing(int group) {
            return ring.unregisterBufferRing(group);
        }

        @Override
        public int bufferRingHead(int group) {
            return ring.bufferRingHead(group);
        }

        @Override
        public int wakeFd() {
            return ring.wakeFd();
        }

        @Override
        public void wake() {
            ring.wake();
        }

        @Override
        public void close() {
            ring.close();
        }
    }
}
