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
 * @param shortSubmit       enter takes only the first of several submissions, and does not wait then
 * @param shortSend         a send without {@code MSG_WAITALL} takes only a part
 * @param shortWaitAll      a send with {@code MSG_WAITALL} ends short, as after a signal; on a real kernel nearly
 *                          always the sign of a broken connection, so not in {@link #mild()}
 * @param delayedCompletion a completion becomes visible some turns later
 * @param slowCompletion    the completion of an accept, a connect, a receive or a send becomes visible only some
 *                          milliseconds of virtual time later; not in {@link #mild()}
 * @param lateCancel        a cancel comes too late if its target can complete: that completes, the cancel fails
 * @param cancelWithBuffer  a cancelled receive had picked a buffer already and names it
 * @param lostCompletion    the kernel has no memory for the completion of an accept, a receive or a send: it is gone, and
 *                          {@code EBADR} says so later; not in {@link #mild()}
 * @param delayTurnsMax     the most turns of a delay, at least 1
 * @param slowMillisMax     the most milliseconds of a slow completion, at least 1
 */
public record SimFaults(
        double shortRecv,
        double lostMore,
        double spuriousEnobufs,
        double refusedEnter,
        double interruptedEnter,
        double shortSubmit,
        double shortSend,
        double shortWaitAll,
        double delayedCompletion,
        double slowCompletion,
        double lateCancel,
        double cancelWithBuffer,
        double lostCompletion,
        int delayTurnsMax,
        int slowMillisMax) {
    private static final SimFaults NONE = new SimFaults(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 20);
    private static final SimFaults MILD =
            new SimFaults(0.5, 0.1, 0.05, 0.05, 0.1, 0.1, 0.2, 0, 0.2, 0, 0.5, 0.1, 0, 3, 20);

    /** Checks that each probability is one; an enter that is always refused or interrupted could never go on. */
    public SimFaults {
        probability("shortRecv", shortRecv, 1);
        probability("lostMore", lostMore, 1);
        probability("spuriousEnobufs", spuriousEnobufs, 0.95);
        probability("refusedEnter", refusedEnter, 0.95);
        probability("interruptedEnter", interruptedEnter, 0.95);
        probability("shortSubmit", shortSubmit, 1);
        probability("shortSend", shortSend, 1);
        probability("shortWaitAll", shortWaitAll, 1);
        probability("delayedCompletion", delayedCompletion, 1);
        probability("slowCompletion", slowCompletion, 1);
        probability("lateCancel", lateCancel, 1);
        probability("cancelWithBuffer", cancelWithBuffer, 1);
        probability("lostCompletion", lostCompletion, 1);
        positive("delayTurnsMax", delayTurnsMax);
        positive("slowMillisMax", slowMillisMax);
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
        return new SimFaults(p, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit, shortSend,
                shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withLostMore(double p) {
        return new SimFaults(shortRecv, p, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit, shortSend,
                shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withSpuriousEnobufs(double p) {
        return new SimFaults(shortRecv, lostMore, p, refusedEnter, interruptedEnter, shortSubmit, shortSend,
                shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withRefusedEnter(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, p, interruptedEnter, shortSubmit, shortSend,
                shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withInterruptedEnter(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, p, shortSubmit, shortSend,
                shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withShortSubmit(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, p, shortSend,
                shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withShortSend(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit, p,
                shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withShortWaitAll(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit,
                shortSend, p, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withDelayedCompletion(double p, int turnsMax) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit,
                shortSend, shortWaitAll, p, slowCompletion, lateCancel, cancelWithBuffer, lostCompletion, turnsMax,
                slowMillisMax);
    }

    public SimFaults withSlowCompletion(double p, int millisMax) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit,
                shortSend, shortWaitAll, delayedCompletion, p, lateCancel, cancelWithBuffer, lostCompletion,
                delayTurnsMax, millisMax);
    }

    public SimFaults withLateCancel(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit,
                shortSend, shortWaitAll, delayedCompletion, slowCompletion, p, cancelWithBuffer, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withCancelWithBuffer(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit,
                shortSend, shortWaitAll, delayedCompletion, slowCompletion, lateCancel, p, lostCompletion,
                delayTurnsMax, slowMillisMax);
    }

    public SimFaults withLostCompletion(double p) {
        return new SimFaults(shortRecv, lostMore, spuriousEnobufs, refusedEnter, interruptedEnter, shortSubmit,
                shortSend, shortWaitAll, delayedCompletion, slowCompletion, lateCancel, cancelWithBuffer, p,
                delayTurnsMax, slowMillisMax);
    }

    private static void probability(String name, double value, double max) {
        if (!(value >= 0 && value <= max)) {
            throw new IllegalArgumentException(name + " is " + value + ", must be 0.." + max);
        }
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " is " + value + ", must be at least 1");
        }
    }
}
