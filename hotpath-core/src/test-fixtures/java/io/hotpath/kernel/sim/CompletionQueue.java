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
    private record Staged(int opcode, long userData, int res, int flags, long turn, long atNanos) {}

    private record Lane(Object key, ArrayDeque<Staged> queue) {
        /** Whether it has a buffer: a kernel takes it and says so in one go. */
        boolean isUrgent() {
            return queue.stream().anyMatch(staged -> (staged.flags & Abi.IORING_CQE_F_BUFFER) != 0);
        }
    }

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

    void stage(Object lane, int opcode, long userData, int res, int flags) {
        long from = turn;
        SimFaults faults = kernel.faults();
        if (kernel.dice.chance(faults.delayedCompletion())) {
            from += kernel.dice.upTo(faults.delayTurnsMax());
            kernel.counters().delayed++;
        }
        long at = kernel.nanoTime();
        if (carriesNews(opcode) && kernel.dice.chance(faults.slowCompletion())) {
            at += kernel.dice.upTo(faults.slowMillisMax()) * 1_000_000L;
            kernel.counters().slow++;
        }
        lanes.computeIfAbsent(lane, key -> new Lane(key, new ArrayDeque<>())).queue
                .add(new Staged(opcode, userData, res, flags, from, at));
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
        return first != null && first.turn <= turn && (first.atNanos <= kernel.nanoTime() || lane.isUrgent());
    }

    /** When a turn will publish something, {@link Agenda#NEVER} if nothing is staged. */
    long nextDue() {
        long next = Agenda.NEVER;
        for (Lane lane : lanes.values()) {
            Staged first = lane.queue.peek();
            if (first != null) {
                long turns = Math.max(first.turn - turn, 1) * SimRing.TURN_NANOS;
                long at = lane.isUrgent() ? 0 : first.atNanos;
                next = Math.min(next, Math.max(at, kernel.nanoTime() + turns));
            }
        }
        return next;
    }

    /** A new enter: the caller has had its chance to make room. */
    void entered() {
        full = false;
    }

    void loseNext(int opcode) {
        losing.set(opcode);
    }

    void loseNothing() {
        losing.clear();
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
        return opcode != Abi.IORING_OP_CONNECT && carriesNews(opcode)
                && kernel.dice.chance(kernel.faults().lostCompletion());
    }

    /** Whether it tells of what a peer did, and not only of what was asked. */
    private static boolean carriesNews(int opcode) {
        return switch (opcode) {
            case Abi.IORING_OP_ACCEPT, Abi.IORING_OP_CONNECT, Abi.IORING_OP_RECV, Abi.IORING_OP_SEND,
                    Abi.IORING_OP_SENDMSG ->
                true;
            default -> false;
        };
    }

    private void lose(Staged completion) {
        full = true;
        lost = true;
        kernel.lost(completion(completion));
        Abi.COUNTER.setRelease(memory.cqOverflow(), 0L, memory.cqOverflow().get(Abi.U32, 0) + 1);
        kernel.counters().lostCompletions++;
    }

    /** What was not reaped yet, on its way or in the queue. */
    List<SimRing.Completion> unreaped() {
        List<SimRing.Completion> all = new ArrayList<>();
        int head = (int) Abi.COUNTER.getAcquire(memory.cqHead(), 0L);
        for (int i = head; i != memory.cqTail().get(Abi.U32, 0); i++) {
            long at = (i & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
            all.add(new SimRing.Completion(-1, memory.cqes().get(Abi.U64, at + Abi.CQE_USER_DATA),
                    memory.cqes().get(Abi.U32, at + Abi.CQE_RES), memory.cqes().get(Abi.U32, at + Abi.CQE_FLAGS)));
        }
        overflow.forEach(staged -> all.add(completion(staged)));
        lanes.values().forEach(lane -> lane.queue.forEach(staged -> all.add(completion(staged))));
        return all;
    }

    private static SimRing.Completion completion(Staged staged) {
        return new SimRing.Completion(staged.opcode, staged.userData, staged.res, staged.flags);
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
