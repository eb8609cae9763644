package io.hotpath.kernel.sim;

/** What the simulated kernel did so far, so that a test can assert that its case really happened. All cumulative. */
public final class SimCounters {
    private final long[] completions = new long[256];
    long enobufs;
    long buffersTaken;
    long overflowed;
    long overlappingSends;
    long lostMore;
    long spuriousEnobufs;
    long shortRecvs;
    long shortSends;
    long delayed;
    long slow;
    long shortSubmits;
    long cancelsWithBuffer;
    long lateCancels;
    long lostCompletions;
    long lostAccepts;
    long refusedRings;
    long refusedEnters;
    long interruptedEnters;
    long turns;

    SimCounters() {}

    void completed(int opcode) {
        completions[opcode & 0xff]++;
    }

    /** Completions of requests of {@code opcode}, without those that {@code CQE_SKIP_SUCCESS} suppressed. */
    public long completions(int opcode) {
        return completions[opcode & 0xff];
    }

    /** Receives that ended with {@code ENOBUFS}, the injected ones among them. */
    public long enobufs() {
        return enobufs;
    }

    /** Buffers picked from buffer rings. */
    public long buffersTaken() {
        return buffersTaken;
    }

    /** Completions that found the CQ full and waited in the overflow list. */
    public long overflowed() {
        return overflowed;
    }

    /** Sends submitted while another send of the same socket was in flight: their bytes may interleave. */
    public long overlappingSends() {
        return overlappingSends;
    }

    /** Turns: enters with getEvents, and the steps of their waits. */
    public long turns() {
        return turns;
    }

    /** Injected: multishots that ended after a success. */
    public long lostMore() {
        return lostMore;
    }

    /** Injected: {@code ENOBUFS} although buffers were there. */
    public long spuriousEnobufs() {
        return spuriousEnobufs;
    }

    /** Injected: receives that took a part of what they could. */
    public long shortRecvs() {
        return shortRecvs;
    }

    /** Injected: sends that ended short. */
    public long shortSends() {
        return shortSends;
    }

    /** Injected: completions held back. */
    public long delayed() {
        return delayed;
    }

    /** Injected: completions held back for milliseconds of virtual time. */
    public long slow() {
        return slow;
    }

    /** Injected: enters that took a part of what was submitted. */
    public long shortSubmits() {
        return shortSubmits;
    }

    /** Injected: cancelled receives that named a buffer. */
    public long cancelsWithBuffer() {
        return cancelsWithBuffer;
    }

    /** Injected: cancels whose target completed. */
    public long lateCancels() {
        return lateCancels;
    }

    /** Injected: completions that are gone. */
    public long lostCompletions() {
        return lostCompletions;
    }

    /**
     * Accepted connections of which no completion told, because it was lost, or the ring closed before it was reaped: nobody
     * knows the descriptor, which stays open.
     */
    public long lostAccepts() {
        return lostAccepts;
    }

    /** Injected: rings that were refused. */
    public long refusedRings() {
        return refusedRings;
    }

    /** Injected: enters that returned {@code EAGAIN} or {@code EBUSY}. */
    public long refusedEnters() {
        return refusedEnters;
    }

    /** Injected: waits that a signal ended. */
    public long interruptedEnters() {
        return interruptedEnters;
    }
}
