package io.hotpath.kernel.linux;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Writes SQEs and reads CQEs by hand, so that a test shows what the kernel does and not what our ring makes of it. */
final class Driver {
    static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    record Cqe(long userData, int res, int flags) {
        boolean more() {
            return (flags & Abi.IORING_CQE_F_MORE) != 0;
        }
    }

    private final KernelRing ring;
    private final RingMemory memory;
    private int prepared;

    Driver(KernelRing ring) {
        this.ring = ring;
        memory = ring.memory();
    }

    /** Claims the next SQE, all zero but for these. The test fills in the rest. */
    MemorySegment prep(int opcode, int fd, long userData) {
        int tail = memory.sqTail().get(Abi.U32, 0);
        MemorySegment sqe = memory.sqes().asSlice((tail & (memory.sqEntries() - 1)) * Abi.SQE_BYTES, Abi.SQE_BYTES);
        sqe.fill((byte) 0);
        sqe.set(Abi.U64, Abi.SQE_HEAD, opcode | (long) fd << 32);
        sqe.set(Abi.U64, Abi.SQE_USER_DATA, userData);
        Abi.COUNTER.setRelease(memory.sqTail(), 0L, tail + 1);
        prepared++;
        return sqe;
    }

    /** Submits what was prepared and waits, with patience, for {@code minComplete}; returns what enter returned. */
    int enter(int minComplete) {
        int toSubmit = prepared;
        prepared = 0;
        return ring.enter(toSubmit, minComplete, true, PATIENCE_NANOS);
    }

    List<Cqe> reap() {
        List<Cqe> reaped = new ArrayList<>();
        int head = memory.cqHead().get(Abi.U32, 0);
        int tail = (int) Abi.COUNTER.getAcquire(memory.cqTail(), 0L);
        for (; head != tail; head++) {
            long at = (head & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
            reaped.add(new Cqe(
                    memory.cqes().get(Abi.U64, at + Abi.CQE_USER_DATA),
                    memory.cqes().get(Abi.U32, at + Abi.CQE_RES),
                    memory.cqes().get(Abi.U32, at + Abi.CQE_FLAGS)));
        }
        Abi.COUNTER.setRelease(memory.cqHead(), 0L, head);
        return reaped;
    }

    /** A multishot poll on the ring's own wake descriptor. */
    void armWakePoll(long userData) {
        MemorySegment sqe = prep(Abi.IORING_OP_POLL_ADD, ring.wakeFd(), userData);
        sqe.set(Abi.U32, Abi.SQE_LEN, Abi.IORING_POLL_ADD_MULTI);
        sqe.set(Abi.U32, Abi.SQE_OP_FLAGS, Abi.POLLIN | Abi.EPOLLET);
    }

    void cancelAll(long userData) {
        prep(Abi.IORING_OP_ASYNC_CANCEL, -1, userData)
                .set(Abi.U32, Abi.SQE_OP_FLAGS, Abi.IORING_ASYNC_CANCEL_ALL | Abi.IORING_ASYNC_CANCEL_ANY);
    }
}
