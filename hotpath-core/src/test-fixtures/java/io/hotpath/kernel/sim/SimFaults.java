package io.hotpath.kernel.sim;

/**
 * How often the simulated kernel is unkind. Each probability is in {@code 0..1}; every fault is one that a real kernel
 * shows too, so code above it may fail but must not be surprised.
 *
 * @param shortRecv         a receive takes a random part of the bytes that wait, at least one
 * @param lostMore          a multishot ends with a completion that succeeded: no {@code F_MORE}
 * @param spuriousEnobufs   a receive ends with {@code ENOBUFS} although buffers are there, as if they came a moment
 *                           later
 * @param refusedEnter      enter does nothing and returns {@code EAGAIN} or {@code EBUSY}
 * @param interruptedEnter  a wait ends early with {@code EINTR}, or with the count if something was submitted
 * @param shortSend         a send without {@code MSG_WAITALL} takes only a part
 * @param shortWaitAll      a send with {@code MSG_WAITALL} ends short, as after a signal; on a real kernel nearly
 *                          always the sign of a broken connection, so not in {@link #mild()}
 * @param delayedCompletion a completion becomes visible some turns later
 * @param lateCancel        a cancel comes too late if its target can complete: that completes, the cancel fails
 * @param lostCompletion   the kernel has no memory for the completion of an accept, a receive or a send: it is gone, and
 *                          {@code EBADR} says so later; not in {@link #mild()}
 * @param delayTurnsMax     the most turns of a delay, at least 1
 */
public record SimFaults(
        double shortRecv,
        double lostMore,
        double spuriousEnobufs,
        double refusedEnter,
        double interruptedEnter,
        double shortSend,
        double shortWaitAll,
        double delayedCompletion,
        double lateCancel,
        double lostCompletion,
        int delayTurnsMax) {
    private static final SimFaults NONE = new SimFaults(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3);
    private static final SimFaults MILD = new SimFaults(0.5, 0.1, 0.05, 0.05, 0.1, 0.2, 0, 0.2, 0.5, 0, 3);

    /** Checks that each probability is one; an enter that is always refused or interrupted could never go on. */
    public SimFaults {
        probability("shortRecv", shortRecv, 1);
        probability("lostMore", lostMore, 1);
        probability("spuriousEnobufs", spuriousEnobufs, 0.95);
        probability("refusedEnter", refusedEnter, 0.95);
        probability("interruptedEnter", interruptedEnter, 0.95);
        probability("shortSend", shortSend, 1);
        probability("shortWaitAll", shortWaitAll, 1);
        probability("delayedCompletion", delayedCompletion, 1);
        probability("lateCancel", lateCancel, 1);
        probability("lostCompletion", lostCompletion, 1);
        if (delayTurnsMax < 1) {
            throw new IllegalArgumentException("delayTurnsMax is " + delayTurnsMax + ", must be at least 1");
        }
    }

    /** Nothing goes wrong and each receive takes all it can; only the order between connections is random. */
    public static SimFaults none() {
        return NONE;
    }

    /** Some of everything that a healthy host does on a busy day. */
    public static SimFaults mild() {
        return MILD;
    }

    public SimFaults withShortRecv(double p) {
        return new SimFaults(p, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSend, shortWaitAll,
                delayedCompletion, lateCancel, lostCompletion, delayTurnsMax);
    }

    public SimFaults withLostMore(double p) {
        return new SimFaults(shortRecv, p, spuriousEnobufs, refusedEnter, interruptedEnter, shortSend, shortWaitAll,
                delayedCompletion, lateCancel, lostCompletion, delayTurnsMax);
    }

    public SimFaults withSpuriousEnobufs(double p) {
        return new SimFaults(shortRecv, lostMore, p, refusedEnter, interruptedEnter, shortSend, shortWaitAll,
                delayedCompletion, lateCancel, lostCompletion, delayTurnsMax);
    }

    public SimFaults withRefusedEnter(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, p, interruptedEnter, shortSend, shortWaitAll,
                delayedCompletion, lateCancel, lostCompletion, delayTurnsMax);
    }

    public SimFaults withInterruptedEnter(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, p, shortSend, shortWaitAll,
                delayedCompletion, lateCancel, lostCompletion, delayTurnsMax);
    }

    public SimFaults withShortSend(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, p, shortWaitAll,
                delayedCompletion, lateCancel, lostCompletion, delayTurnsMax);
    }

    public SimFaults withShortWaitAll(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSend, p,
                delayedCompletion, lateCancel, lostCompletion, delayTurnsMax);
    }

    public SimFaults withDelayedCompletion(double p, int turnsMax) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSend,
                shortWaitAll, p, lateCancel, lostCompletion, turnsMax);
    }

    public SimFaults withLateCancel(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSend,
                shortWaitAll, delayedCompletion, p, lostCompletion, delayTurnsMax);
    }

    public SimFaults withLostCompletion(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSend,
                shortWaitAll, delayedCompletion, lateCancel, p, delayTurnsMax);
    }

    private static void probability(String name, double value, double max) {
        if (!(value >= 0 && value <= max)) {
            throw new IllegalArgumentException(name + " is " + value + ", must be 0.." + max);
        }
    }
}
