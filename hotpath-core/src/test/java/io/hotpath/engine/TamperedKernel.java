package io.hotpath.engine;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import io.hotpath.kernel.sim.SimKernel;
import io.hotpath.ring.UserData;
import java.lang.foreign.MemorySegment;

/** Any kernel, with rings that can be refused and broken, and submissions that it misunderstands. */
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
            kernel.unheard++;
        }
    };

    /** The first accept fails with {@link #acceptErrno}: on no descriptor, and the completion is changed. */
    static final Tamper FAILING_ACCEPT = (kernel, sqe) -> {
        if (opcode(sqe) == Abi.IORING_OP_ACCEPT && kernel.acceptErrno > 0 && kernel.failingAccept == 0) {
            kernel.failingAccept = sqe.get(Abi.U64, Abi.SQE_USER_DATA);
            sqe.set(Abi.U64, Abi.SQE_HEAD, sqe.get(Abi.U64, Abi.SQE_HEAD) | 0xffff_ffffL << 32);
        }
    };

    /** Counts the receives that take bundles up to a cap. */
    static final Tamper COUNT_CAPPED_BUNDLES = (kernel, sqe) -> {
        boolean bundles = opcode(sqe) == Abi.IORING_OP_RECV
                && (sqe.get(Abi.U64, Abi.SQE_HEAD) >>> 16 & Abi.IORING_RECVSEND_BUNDLE) != 0;
        kernel.cappedBundles += bundles && sqe.get(Abi.U64, Abi.SQE_BUF_GROUP) >>> 32 != 0 ? 1 : 0;
    };

    private static final Tamper NONE = (kernel, sqe) -> {};

    /** Rings to open that are refused. */
    int refusing;

    /** What the next enters answer instead of entering; 0 lets the kernel answer. */
    int enterErrno;

    /** How many enters answer that; then the ring works again, as it does after {@code EBADR}. */
    int enterErrnoCount = Integer.MAX_VALUE;

    /** Cancels do nothing from now on, as with {@link #DEAF}. */
    boolean deaf;

    /** Cancels that did nothing. */
    int unheard;

    /** The op of {@link Ops} whose next completion is dropped, as by a kernel without memory; 0 for none. */
    int losing;

    int lost;

    /** Whether the errno is for the ring that is open now only, and the next one works. */
    boolean forOneRing = true;

    /** Whether it says that bundles can have a cap. */
    boolean capsBundles = true;

    int cappedBundles;
    int acceptErrno;
    int opened;
    int brokenEnters;

    private final Kernel kernel;
    private final Tamper tamper;
    private long failingAccept;

    TamperedKernel(Kernel kernel) {
        this(kernel, NONE);
    }

    TamperedKernel(Kernel kernel, Tamper tamper) {
        this.kernel = kernel;
        this.tamper = tamper;
    }

    /** What simulates below. */
    SimKernel simulation() {
        return (SimKernel) kernel;
    }

    /** From now on the open ring answers {@code EBADF} to each enter. */
    void die() {
        enterErrno = Errno.EBADF;
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
        if (refusing > 0) {
            refusing--;
            throw new KernelRefused(KernelRefused.Reason.BLOCKED, "io_uring_setup", Errno.EPERM, "the test refuses");
        }
        opened++;
        if (forOneRing) {
            enterErrno = 0;
        }
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
    public boolean capsBundles() {
        return capsBundles && kernel.capsBundles();
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
            if (enterErrno != 0 && enterErrnoCount > 0) {
                enterErrnoCount--;
                brokenEnters++;
                return -enterErrno;
            }
            Tamper tampers = deaf ? DEAF : tamper;
            if (tampers != NONE) {
                tamper(tampers, toSubmit);
            }
            int result = ring.enter(toSubmit, minComplete, getEvents, timeoutNanos);
            if (failingAccept != 0) {
                disguise(ring.memory());
            }
            return losing != 0 && lose(ring.memory()) ? -Errno.EBADR : result;
        }

        private void tamper(Tamper tampers, int count) {
            RingMemory memory = ring.memory();
            int head = memory.sqHead().get(Abi.U32, 0);
            for (int i = 0; i < count; i++) {
                long at = ((head + i) & (memory.sqEntries() - 1)) * Abi.SQE_BYTES;
                tampers.tamper(TamperedKernel.this, memory.sqes().asSlice(at, Abi.SQE_BYTES));
            }
        }

        /** What stands in the queue becomes a completion that means nothing and ends nothing. */
        private boolean lose(RingMemory memory) {
            int end = memory.cqTail().get(Abi.U32, 0);
            for (int i = memory.cqHead().get(Abi.U32, 0); i != end; i++) {
                long at = (i & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
                if (UserData.op(memory.cqes().get(Abi.U64, at + Abi.CQE_USER_DATA)) == losing) {
                    memory.cqes().set(Abi.U64, at + Abi.CQE_USER_DATA, UserData.of(Ops.CANCEL, 0, 0));
                    memory.cqes().set(Abi.U32, at + Abi.CQE_RES, 0);
                    memory.cqes().set(Abi.U32, at + Abi.CQE_FLAGS, Abi.IORING_CQE_F_MORE);
                    losing = 0;
                    lost++;
                    return true;
                }
            }
            return false;
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
