package io.hotpath.engine;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import io.hotpath.kernel.sim.SimKernel;
import java.lang.foreign.MemorySegment;

/** A simulated kernel that misunderstands some submissions, or breaks: what no healthy kernel does. */
final class TamperedKernel implements Kernel {
    /** Looks at an SQE before the kernel does, and may change it. */
    interface Tamper {
        void tamper(TamperedKernel kernel, MemorySegment sqe);
    }

    /** A kernel before 6.17: it refuses a byte cap of a receive. */
    static final Tamper NO_CAPS = (kernel, sqe) -> {
        if (opcode(sqe) == Abi.IORING_OP_RECV && sqe.get(Abi.U64, Abi.SQE_BUF_GROUP) >>> 32 != 0) {
            // without its buffers it is as invalid as the cap would be there
            long head = sqe.get(Abi.U64, Abi.SQE_HEAD);
            sqe.set(Abi.U64, Abi.SQE_HEAD, head & ~((long) Abi.IOSQE_BUFFER_SELECT << 8));
        }
    };

    /** Cancels do nothing: what waits, waits for ever. */
    static final Tamper DEAF = (kernel, sqe) -> {
        if (opcode(sqe) == Abi.IORING_OP_ASYNC_CANCEL) {
            long userData = sqe.get(Abi.U64, Abi.SQE_USER_DATA);
            sqe.fill((byte) 0);
            sqe.set(Abi.U64, Abi.SQE_HEAD, (long) Abi.IORING_OP_NOP);
            sqe.set(Abi.U64, Abi.SQE_USER_DATA, userData);
        }
    };

    /** The first accept fails with {@link #acceptErrno}: on no descriptor, and the completion is changed. */
    static final Tamper FAILING_ACCEPT = (kernel, sqe) -> {
        if (opcode(sqe) == Abi.IORING_OP_ACCEPT && kernel.acceptErrno > 0 && kernel.failingAccept == 0) {
            kernel.failingAccept = sqe.get(Abi.U64, Abi.SQE_USER_DATA);
            sqe.set(Abi.U64, Abi.SQE_HEAD, sqe.get(Abi.U64, Abi.SQE_HEAD) | 0xffff_ffffL << 32);
        }
    };

    private final SimKernel kernel;
    private final Tamper tamper;
    int brokenErrno;
    int acceptErrno;
    private long failingAccept;

    TamperedKernel(SimKernel kernel, Tamper tamper) {
        this.kernel = kernel;
        this.tamper = tamper;
    }

    SimKernel simulation() {
        return kernel;
    }

    private static int opcode(MemorySegment sqe) {
        return (int) sqe.get(Abi.U64, Abi.SQE_HEAD) & 0xff;
    }

    @Override
    public String name() {
        return kernel.name();
    }

    @Override
    public KernelRing openRing(RingSetup setup) {
        return new Tampered(kernel.openRing(setup));
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

    private final class Tampered implements KernelRing {
        private final KernelRing ring;

        Tampered(KernelRing ring) {
            this.ring = ring;
        }

        @Override
        public int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {
            if (brokenErrno != 0) {
                return -brokenErrno;
            }
            RingMemory memory = ring.memory();
            int head = memory.sqHead().get(Abi.U32, 0);
            for (int i = 0; i < toSubmit; i++) {
                long at = ((head + i) & (memory.sqEntries() - 1)) * Abi.SQE_BYTES;
                tamper.tamper(TamperedKernel.this, memory.sqes().asSlice(at, Abi.SQE_BYTES));
            }
            int result = ring.enter(toSubmit, minComplete, getEvents, timeoutNanos);
            disguise(memory);
            return result;
        }

        private void disguise(RingMemory memory) {
            int end = memory.cqTail().get(Abi.U32, 0);
            for (int i = memory.cqHead().get(Abi.U32, 0); failingAccept != 0 && i != end; i++) {
                long at = (i & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
                if (memory.cqes().get(Abi.U64, at + Abi.CQE_USER_DATA) == failingAccept) {
                    memory.cqes().set(Abi.U32, at + Abi.CQE_RES, -acceptErrno);
                    acceptErrno = 0;
                    failingAccept = 0;
                }
            }
        }

        @Override
        public Kernel kernel() {
            return TamperedKernel.this;
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
