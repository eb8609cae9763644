package io.hotpath.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The kernel's side of a ring, played by a test: it takes SQEs and posts CQEs when it is told. */
final class FakeRing implements KernelRing {
    /** What one enter does; returns what the system call would. */
    @FunctionalInterface
    interface Turn {
        int enter(int toSubmit);
    }

    /** One enter, as it was asked. */
    record Call(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {}

    final Kernel kernel;
    final RingMemory memory;
    final Deque<Turn> turns = new ArrayDeque<>();
    final List<Call> calls = new ArrayList<>();
    final List<byte[]> taken = new ArrayList<>();
    final List<Long> inFlight = new ArrayList<>();
    final List<Integer> groups = new ArrayList<>();
    int registerResult;

    /** Takes SQEs without remembering them. */
    boolean forgetful;

    int wakes;
    boolean closed;

    FakeRing(Kernel kernel, RingSetup setup) {
        this.kernel = kernel;
        memory = new RingMemory(
                setup.sqEntries(),
                setup.cqEntries(),
                counter(),
                counter(),
                counter(),
                counter(),
                bytes(setup.sqEntries() * Abi.SQE_BYTES),
                counter(),
                counter(),
                counter(),
                bytes(setup.cqEntries() * Abi.CQE_BYTES));
    }

    /** Lets both queues begin at {@code start}, so that their counters wrap soon. */
    void startAt(int start) {
        for (MemorySegment counter : List.of(memory.sqHead(), memory.sqTail(), memory.cqHead(), memory.cqTail())) {
            counter.set(Abi.U32, 0, start);
        }
    }

    /** Takes {@code count} SQEs. One that cancels everything ends all that is in flight, itself too. */
    int take(int count) {
        int head = memory.sqHead().get(Abi.U32, 0);
        for (int i = 0; i < count && !forgetful; i++) {
            long at = ((head + i) & (memory.sqEntries() - 1)) * Abi.SQE_BYTES;
            MemorySegment sqe = memory.sqes().asSlice(at, Abi.SQE_BYTES);
            taken.add(sqe.toArray(JAVA_BYTE));
            inFlight.add(sqe.get(Abi.U64, Abi.SQE_USER_DATA));
            if (sqe.get(JAVA_BYTE, 0) == Abi.IORING_OP_ASYNC_CANCEL && sqe.get(Abi.U32, Abi.SQE_OP_FLAGS) != 0) {
                List.copyOf(inFlight).forEach(userData -> complete(userData, -Errno.ECANCELED, 0));
            }
        }
        memory.sqHead().set(Abi.U32, 0, head + count);
        return count;
    }

    void complete(long userData, int result, int flags) {
        int tail = memory.cqTail().get(Abi.U32, 0);
        if (tail - memory.cqHead().get(Abi.U32, 0) == memory.cqEntries()) {
            throw new IllegalStateException("the test overruns the completion queue");
        }
        if ((flags & Abi.IORING_CQE_F_MORE) == 0) {
            inFlight.remove(userData);
        }
        long at = (tail & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
        memory.cqes().set(Abi.U64, at + Abi.CQE_USER_DATA, userData);
        memory.cqes().set(Abi.U32, at + Abi.CQE_RES, result);
        memory.cqes().set(Abi.U32, at + Abi.CQE_FLAGS, flags);
        Abi.COUNTER.setRelease(memory.cqTail(), 0L, tail + 1);
    }

    /** The user data of all SQEs that were taken, in order. */
    List<Long> takenUserData() {
        return taken.stream()
                .map(sqe -> MemorySegment.ofArray(sqe).get(Abi.U64.withByteAlignment(1), Abi.SQE_USER_DATA))
                .toList();
    }

    @Override
    public int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {
        if (!forgetful) {
            calls.add(new Call(toSubmit, minComplete, getEvents, timeoutNanos));
        }
        return turns.isEmpty() ? take(toSubmit) : turns.pop().enter(toSubmit);
    }

    @Override
    public Kernel kernel() {
        return kernel;
    }

    @Override
    public RingMemory memory() {
        return memory;
    }

    @Override
    public RingFeatures features() {
        return new RingFeatures(0, false, false, false, false);
    }

    @Override
    public int registerBufferRing(MemorySegment ring, int entries, int group) {
        if (registerResult == 0) {
            groups.add(group);
        }
        return registerResult;
    }

    @Override
    public int unregisterBufferRing(int group) {
        return groups.remove(Integer.valueOf(group)) ? 0 : -2;
    }

    @Override
    public int bufferRingHead(int group) {
        return 0;
    }

    @Override
    public int wakeFd() {
        return 3;
    }

    @Override
    public void wake() {
        wakes++;
    }

    @Override
    public void close() {
        closed = true;
    }

    private static MemorySegment counter() {
        return bytes(Abi.U32.byteSize());
    }

    private static MemorySegment bytes(long count) {
        return Arena.ofAuto().allocate(count, 64);
    }
}
