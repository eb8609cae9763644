package io.hotpath.kernel.sim;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingMemory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From a result to a visible CQE. Results wait in lanes, one per file, until a turn publishes them in an order that is
 * random between lanes and kept within each; what finds the queue full goes to the overflow list.
 */
final class CompletionQueue {
    private record Staged(int opcode, long userData, int res, int flags, long turn) {}

    private record Lane(Object key, ArrayDeque<Staged> queue) {}

    private final SimKernel kernel;
    private final RingMemory memory;
    private final Map<Object, Lane> lanes = new LinkedHashMap<>();
    private final ArrayDeque<Staged> overflow = new ArrayDeque<>();
    private final BitSet losing = new BitSet();
    private int staged;

    /** A completion was lost in this enter: the queue counts as full until the next one. */
    private boolean full;

    /** A completion was lost, and no wait has said so yet. */
    private boolean lost;

    /** The turn that publishes next. */
    private long turn;

    CompletionQueue(SimKernel kernel, RingMemory memory) {
        this.kernel = kernel;
        this.memory = memory;
    }

    /** Whether the next completion overflows, which ends a multishot. */
    boolean isFull() {
        return !overflow.isEmpty() || visible() + staged >= memory.cqEntries();
    }

    int visible() {
        int head = (int) Abi.COUNTER.getAcquire(memory.cqHead(), 0L);
        return memory.cqTail().get(Abi.U32, 0) - head;
    }

    /** Whether results wait for a turn to come. */
    boolean isPending() {
        return staged > 0;
    }

    void stage(Object lane, int opcode, long userData, int res, int flags) {
        long from = turn;
        SimFaults faults = kernel.faults();
        if (kernel.dice.chance(faults.delayedCompletion())) {
            from += kernel.dice.upTo(faults.delayTurnsMax());
            kernel.counters().delayed++;
        }
        lanes.computeIfAbsent(lane, key -> new Lane(key, new ArrayDeque<>())).queue
                .add(new Staged(opcode, userData, res, flags, from));
        staged++;
        kernel.counters().completed(opcode);
    }

    /** Ends a turn: publishes what is due, then flushes the overflow list as far as there is room. */
    void publish() {
        List<Lane> due = new ArrayList<>();
        for (Lane lane : lanes.values()) {
            if (isDue(lane)) {
                due.add(lane);
            }
        }
        while (!due.isEmpty()) {
            int index = kernel.dice.below(due.size());
            Lane lane = due.get(index);
            post(lane.queue.remove());
            staged--;
            if (lane.queue.isEmpty()) {
                lanes.remove(lane.key);
            }
            if (!isDue(lane)) {
                due.remove(index);
            }
        }
        flushOverflow();
        turn++;
    }

    private boolean isDue(Lane lane) {
        Staged first = lane.queue.peek();
        return first != null && first.turn <= turn;
    }

    /** A new enter: the caller has had its chance to make room. */
    void entered() {
        full = false;
    }

    void loseNext(int opcode) {
        losing.set(opcode);
    }

    /** Whether a completion was lost; tells once. */
    boolean takeLoss() {
        boolean told = lost;
        lost = false;
        return told;
    }

    private boolean loses(int opcode) {
        if (losing.get(opcode)) {
            losing.clear(opcode);
            return true;
        }
        return switch (opcode) {
            case Abi.IORING_OP_ACCEPT, Abi.IORING_OP_RECV, Abi.IORING_OP_SEND, Abi.IORING_OP_SENDMSG ->
                kernel.dice.chance(kernel.faults().lostCompletion());
            default -> false;
        };
    }

    private void lose(Staged completion) {
        full = true;
        lost = true;
        Abi.COUNTER.setRelease(memory.cqOverflow(), 0L, memory.cqOverflow().get(Abi.U32, 0) + 1);
        kernel.counters().lostCompletions++;
        if (completion.opcode == Abi.IORING_OP_ACCEPT && completion.res >= 0) {
            kernel.counters().lostAccepts++;
        }
    }

    private void post(Staged completion) {
        if (loses(completion.opcode)) {
            lose(completion);
            return;
        }
        if (!full && overflow.isEmpty() && visible() < memory.cqEntries()) {
            write(completion);
            return;
        }
        overflow.add(completion);
        kernel.counters().overflowed++;
        sqFlags(Abi.IORING_SQ_CQ_OVERFLOW);
    }

    private void flushOverflow() {
        if (overflow.isEmpty() || full) {
            return;
        }
        while (!overflow.isEmpty() && visible() < memory.cqEntries()) {
            write(overflow.remove());
        }
        if (overflow.isEmpty()) {
            sqFlags(0);
        }
    }

    private void write(Staged completion) {
        int tail = memory.cqTail().get(Abi.U32, 0);
        long at = (tail & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
        memory.cqes().set(Abi.U64, at + Abi.CQE_USER_DATA, completion.userData);
        memory.cqes().set(Abi.U32, at + Abi.CQE_RES, completion.res);
        memory.cqes().set(Abi.U32, at + Abi.CQE_FLAGS, completion.flags);
        Abi.COUNTER.setRelease(memory.cqTail(), 0L, tail + 1);
    }

    private void sqFlags(int flags) {
        Abi.COUNTER.setRelease(memory.sqFlags(), 0L, flags);
    }
}
