package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A ring of the simulated kernel. Requests run at submission; what completes, then or later, becomes visible only
 * inside {@link #enter} with getEvents, as under {@code DEFER_TASKRUN}. A wait moves virtual time and never blocks.
 */
public final class SimRing implements KernelRing {
    /**
     * A completion.
     *
     * @param opcode of its submission, -1 if that is not known any more
     */
    public record Completion(int opcode, long userData, int result, int flags) {}

    /** What an enter, and each step of a wait, costs in virtual time. */
    public static final long TURN_NANOS = 1_000;

    private static final int BUFFER_ENTRIES_MAX = 32768;
    private static final int PAGE_BYTES = 4096;

    private final SimKernel kernel;
    private final Thread owner = Thread.currentThread();
    private final Arena arena = Arena.ofConfined();
    private final RingMemory memory;
    private final RingFeatures features;
    private final CompletionQueue completions;
    private final Issuer issuer;
    private final LinkedHashSet<Request> armed = new LinkedHashSet<>();
    private final List<Deferred> deferred = new ArrayList<>();
    private final Map<Integer, BufferGroup> groups = new HashMap<>();

    /** The buffers of the last receive that began in each. */
    private final Map<Integer, List<Integer>> bundles = new HashMap<>();
    private final SimEvent wakeEvent = new SimEvent();
    private final int wakeFd;
    private boolean closed;
    private int deathErrno;

    SimRing(SimKernel kernel, RingSetup setup) {
        this.kernel = kernel;
        this.memory = allocate(setup);
        this.features = new RingFeatures(0, true, false, setup.restricted(), false);
        this.completions = new CompletionQueue(kernel, memory);
        this.issuer = new Issuer(this, setup.restricted());
        this.wakeFd = kernel.descriptors.open(wakeEvent);
    }

    private RingMemory allocate(RingSetup setup) {
        int sqEntries = roundUp(setup.sqEntries());
        int cqEntries = roundUp(Math.max(sqEntries, Math.min(setup.cqEntries(), kernel.cqEntriesMax())));
        return new RingMemory(
                sqEntries,
                cqEntries,
                counter(),
                counter(),
                counter(),
                counter(),
                arena.allocate(sqEntries * Abi.SQE_BYTES, 64),
                counter(),
                counter(),
                counter(),
                arena.allocate(cqEntries * Abi.CQE_BYTES, 64));
    }

    private MemorySegment counter() {
        return arena.allocate(4, 64);
    }

    private static int roundUp(int entries) {
        return entries == 1 ? 1 : Integer.highestOneBit(entries - 1) << 1;
    }

    @Override
    public SimKernel kernel() {
        return kernel;
    }

    @Override
    public RingMemory memory() {
        return memory;
    }

    @Override
    public RingFeatures features() {
        return features;
    }

    /**
     * {@inheritDoc}
     *
     * <p>As in Linux, a submission that falls short of {@code toSubmit} skips the wait, and a wait that ends early is
     * reported only if nothing was submitted.
     *
     * @throws IllegalStateException if the wait has no limit and nothing can ever happen
     */
    @Override
    public int enter(int toSubmit, int minComplete, boolean getEvents, long timeoutNanos) {
        if (closed) {
            return -Errno.EBADF;
        }
        if (Thread.currentThread() != owner) {
            return -Errno.EEXIST;
        }
        kernel.pass(TURN_NANOS);
        if (deathErrno != 0) {
            return -deathErrno;
        }
        if (kernel.dice.chance(kernel.faults().refusedEnter())) {
            kernel.counters().refusedEnters++;
            return kernel.dice.coin() ? -Errno.EAGAIN : -Errno.EBUSY;
        }
        completions.entered();
        int submitted = submit(toSubmit);
        if (!getEvents || submitted != toSubmit) {
            return submitted;
        }
        int enough = timeoutNanos == 0 ? 0 : Math.min(minComplete, memory.cqEntries()); // 0 does not wait: no ETIME
        int waited = await(enough, timeoutNanos);
        return submitted > 0 ? submitted : waited;
    }

    private int submit(int toSubmit) {
        int head = memory.sqHead().get(Abi.U32, 0);
        int tail = (int) Abi.COUNTER.getAcquire(memory.sqTail(), 0L);
        int count = Math.min(toSubmit, Math.min(tail - head, memory.sqEntries()));
        if (count > 1 && kernel.dice.chance(kernel.faults().shortSubmit())) {
            count = kernel.dice.upTo(count - 1);
            kernel.counters().shortSubmits++;
        }
        for (int i = 0; i < count; i++) {
            long at = ((head + i) & (memory.sqEntries() - 1)) * Abi.SQE_BYTES;
            issuer.issue(Submission.read(memory.sqes(), at));
        }
        Abi.COUNTER.setRelease(memory.sqHead(), 0L, head + count);
        return count;
    }

    private int await(int minComplete, long timeoutNanos) {
        long limit = timeoutNanos < 0 ? Agenda.NEVER : kernel.nanoTime() + timeoutNanos;
        boolean first = true;
        turn();
        while (completions.visible() < minComplete) {
            if (completions.takeLoss()) {
                return -Errno.EBADR;
            }
            if (first && kernel.dice.chance(kernel.faults().interruptedEnter())) {
                kernel.counters().interruptedEnters++;
                return completions.visible() > 0 ? 0 : -Errno.EINTR;
            }
            first = false;
            if (!advance(limit)) {
                return completions.visible() > 0 ? 0 : -Errno.ETIME;
            }
            turn();
        }
        return 0;
    }

    /** Moves time to the next thing that can happen; false if the limit comes first. */
    private boolean advance(long limit) {
        long now = kernel.nanoTime();
        boolean busy = armed.stream().anyMatch(Request::isReady);
        long next = busy ? now + TURN_NANOS : Math.min(kernel.nextEvent(), completions.nextDue());
        if (next == Agenda.NEVER && limit == Agenda.NEVER) {
            throw new IllegalStateException("simulation is stuck: " + armed.size()
                    + " requests wait, none of them can complete; " + kernel);
        }
        kernel.advanceTo(Math.min(next, limit));
        return next <= limit;
    }

    private void turn() {
        kernel.counters().turns++;
        List<Deferred> due = List.copyOf(deferred);
        deferred.clear();
        due.forEach(Deferred::run);
        List<Request> ready = new ArrayList<>();
        for (Request request : armed) {
            if (request.isReady()) {
                ready.add(request);
            }
        }
        kernel.dice.shuffle(ready);
        for (Request request : ready) {
            if (request.isReady()) { // an earlier one may have taken what there was
                request.attempt();
            }
        }
        completions.publish();
    }

    @Override
    public int registerBufferRing(MemorySegment ring, int entries, int group) {
        if (closed) {
            return -Errno.EBADF;
        }
        boolean sized = entries > 0 && entries <= BUFFER_ENTRIES_MAX && Integer.bitCount(entries) == 1;
        if (!sized || ring.byteSize() < entries * Abi.BUF_BYTES || ring.address() % PAGE_BYTES != 0) {
            return -Errno.EINVAL;
        }
        return groups.putIfAbsent(group, new BufferGroup(ring, entries)) == null ? 0 : -Errno.EEXIST;
    }

    @Override
    public int unregisterBufferRing(int group) {
        if (closed) {
            return -Errno.EBADF;
        }
        return groups.remove(group) == null ? -Errno.ENOENT : 0;
    }

    @Override
    public int bufferRingHead(int group) {
        BufferGroup buffers = groups.get(group);
        return buffers == null ? -Errno.ENOENT : buffers.head();
    }

    @Override
    public int wakeFd() {
        return wakeFd;
    }

    /** {@inheritDoc} A waiting ring sees it at its next turn; only this and the clock are for other threads. */
    @Override
    public void wake() {
        wakeEvent.signal();
    }

    /** Enter does nothing any more and returns {@code -errno} for good, as when somebody closed the descriptor. */
    public void die(int errno) {
        deathErrno = errno;
    }

    /**
     * The next completion of an {@code opcode} is gone, as when the queue is full and there is no memory for the overflow
     * list. What follows it in the same enter waits for the next one. {@code EBADR} ends the next wait that submits nothing.
     */
    public void loseNextCompletion(int opcode) {
        completions.loseNext(opcode);
    }

    /** Takes back each {@link #loseNextCompletion} that has not happened. */
    public void loseNothing() {
        completions.loseNothing();
    }

    /** Requests that are armed now; {@code opcode -1} counts all. */
    public int armed(int opcode) {
        return (int) armed.stream().filter(r -> opcode == -1 || r.opcode == opcode).count();
    }

    /** Multishot requests that are armed now. */
    public int armedMultishots() {
        return (int) armed.stream().filter(Request::isMultishot).count();
    }

    /** Operations whose last completion was not reaped yet, by user data. */
    public List<Long> unfinished() {
        List<Long> all = new ArrayList<>();
        armed.forEach(request -> all.add(request.userData));
        deferred.forEach(work -> all.add(work.sqe.userData()));
        for (Completion completion : completions.unreaped()) {
            if ((completion.flags & Abi.IORING_CQE_F_MORE) == 0) {
                all.add(completion.userData);
            }
        }
        return all;
    }

    /** Ids of the buffers that the kernel can take from {@code group} now, the next one first. */
    public List<Integer> buffersOffered(int group) {
        BufferGroup buffers = groups.get(group);
        return buffers == null ? List.of() : buffers.offered();
    }

    /** Ids of the buffers in completions that were not reaped yet, of all groups. */
    public List<Integer> buffersUnderWay() {
        List<Integer> all = new ArrayList<>();
        for (Completion completion : completions.unreaped()) {
            if ((completion.flags & Abi.IORING_CQE_F_BUFFER) != 0) {
                int first = completion.flags >>> Abi.IORING_CQE_BUFFER_SHIFT;
                all.addAll(bundles.getOrDefault(first, List.of(first)));
            }
        }
        return all;
    }

    /** A receive has filled {@code buffers}, of which its completion will name the first. */
    void bundled(List<Integer> buffers) {
        bundles.put(buffers.getFirst(), buffers);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        for (Completion completion : completions.unreaped()) {
            kernel.lost(completion);
        }
        List.copyOf(armed).forEach(Request::discard);
        groups.clear();
        kernel.descriptors.close(wakeFd);
        closed = true;
        arena.close();
    }

    CompletionQueue completions() {
        return completions;
    }

    /** The buffer ring of {@code group}, null if there is none. */
    @Nullable
    BufferGroup group(int group) {
        return groups.get(group);
    }

    /** The armed requests that a cancel may hit, oldest first. */
    List<Request> targets() {
        return List.copyOf(armed);
    }

    /** Does {@code work} at the next turn, after the rest of the batch. */
    void later(Submission sqe, Consumer<Submission> work) {
        deferred.add(new Deferred(sqe, work));
    }

    private record Deferred(Submission sqe, Consumer<Submission> work) {
        void run() {
            work.accept(sqe);
        }
    }

    void arm(Request request) {
        armed.add(request);
    }

    void disarm(Request request) {
        armed.remove(request);
    }

    @Override
    public String toString() {
        return "SimRing[armed=" + armed.size() + ", " + kernel + "]";
    }
}
