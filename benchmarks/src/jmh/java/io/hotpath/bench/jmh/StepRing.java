package io.hotpath.bench.jmh;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The queues of a {@link StepKernel}. An {@code enter} takes all SQEs, completes each send at once, accepts the clients the first
 * time, and then fills one buffer for each client that is being received from. Cancelling and closing do nothing.
 */
final class StepRing implements KernelRing {
    static final int LISTENER = 3;
    static final int FIRST_CLIENT = 4;
    private static final int MAIN_GROUP = 0;
    private static final ValueLayout.OfShort BUFFER_ID = ValueLayout.JAVA_SHORT;

    private final Kernel kernel;
    private final RingMemory memory;
    private final int clients;
    private final int messageBytes;

    /** User data of each client's multishot receive, by its place; 0 until it is armed. */
    private final long[] receives;

    private @Nullable MemorySegment buffers;
    private int bufferMask;
    private int bufferHead;
    private long accept;
    private int accepted;
    private int cqTail;

    StepRing(Kernel kernel, RingSetup setup, int clients, int messageBytes) {
        this.kernel = kernel;
        this.clients = clients;
        this.messageBytes = messageBytes;
        receives = new long[clients];
        Arena arena = Arena.ofConfined(); // as a real ring's memory is
        memory = new RingMemory(
                setup.sqEntries(),
                setup.cqEntries(),
                counter(arena),
                counter(arena),
                counter(arena),
                counter(arena),
                arena.allocate(setup.sqEntries() * Abi.SQE_BYTES, Abi.SQE_BYTES),
                counter(arena),
                counter(arena),
                counter(arena),
                arena.allocate(setup.cqEntries() * Abi.CQE_BYTES, Abi.SQE_BYTES));
    }

    private static MemorySegment counter(Arena arena) {
        return arena.allocate(Abi.U32);
    }

    @Override
    public int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {
        int head = memory.sqHead().get(Abi.U32, 0);
        for (int i = 0; i < toSubmit; i++) {
            take((head + i & memory.sqEntries() - 1) * Abi.SQE_BYTES);
        }
        Abi.COUNTER.setRelease(memory.sqHead(), 0L, head + toSubmit);
        if (getEvents) {
            for (; accept != 0 && accepted < clients; accepted++) {
                complete(accept, FIRST_CLIENT + accepted, Abi.IORING_CQE_F_MORE);
            }
            fill();
        }
        Abi.COUNTER.setRelease(memory.cqTail(), 0L, cqTail);
        return toSubmit;
    }

    private void take(long at) {
        MemorySegment sqes = memory.sqes();
        long head = sqes.get(Abi.U64, at + Abi.SQE_HEAD);
        long userData = sqes.get(Abi.U64, at + Abi.SQE_USER_DATA);
        switch ((int) head & 0xff) {
            case Abi.IORING_OP_SEND -> complete(userData, (int) sqes.get(Abi.U64, at + Abi.SQE_LEN), 0);
            case Abi.IORING_OP_RECV -> receives[(int) (head >>> 32) - FIRST_CLIENT] = userData;
            case Abi.IORING_OP_ACCEPT -> accept = userData;
            default -> {}
        }
    }

    private void fill() {
        MemorySegment ring = Objects.requireNonNull(buffers);
        for (long receive : receives) {
            if (receive != 0) {
                long at = (bufferHead++ & bufferMask) * Abi.BUF_BYTES;
                int buffer = Short.toUnsignedInt(ring.get(BUFFER_ID, at + Abi.BUF_BID));
                int flags = Abi.IORING_CQE_F_MORE | Abi.IORING_CQE_F_BUFFER | buffer << Abi.IORING_CQE_BUFFER_SHIFT;
                complete(receive, messageBytes, flags);
            }
        }
    }

    private void complete(long userData, int result, int flags) {
        MemorySegment cqes = memory.cqes();
        long at = (cqTail++ & memory.cqEntries() - 1) * Abi.CQE_BYTES;
        cqes.set(Abi.U64, at + Abi.CQE_USER_DATA, userData);
        cqes.set(Abi.U32, at + Abi.CQE_RES, result);
        cqes.set(Abi.U32, at + Abi.CQE_FLAGS, flags);
    }

    @Override
    public int registerBufferRing(MemorySegment ring, int entries, int group) {
        if (group == MAIN_GROUP) {
            buffers = ring;
            bufferMask = entries - 1;
        }
        return 0;
    }

    @Override
    public int unregisterBufferRing(int group) {
        return 0;
    }

    @Override
    public int bufferRingHead(int group) {
        return bufferHead & 0xffff;
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
        return new RingFeatures(0, true, true, false, false);
    }

    @Override
    public int wakeFd() {
        return 0;
    }

    @Override
    public void wake() {}

    @Override
    public void close() {}
}
