package io.hotpath.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Whether a loop waits in the kernel or runs, for whoever looks from outside. The loop writes two words per turn and reads
 * no clock. How long it ran is measured only while a flight recording asks for it.
 */
final class Pulse {
    private static final VarHandle BEAT;

    private static final int STATE_MASK = 3;
    private static final int OUTSIDE = 0;
    private static final int RUNS = 1;
    private static final int WAITS = 2;
    private static final int STEP = 4;

    static {
        try {
            BEAT = MethodHandles.lookup().findVarHandle(Pulse.class, "beat", long.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Thread loop = Thread.currentThread();
    private final Flight.@Nullable SlowTurn slowTurn = Flight.slowTurn();

    /** State in the low bits, changes of it above. Written by the loop thread, read by the watchdog; both opaque. */
    private long beat;

    /** Whether {@link #slowTurn} has begun; loop thread. */
    private boolean timed;

    /** Set by the loop thread, read by the watchdog. */
    private volatile boolean alwaysRuns;

    /** The watchdog counts, any thread reads. */
    private final AtomicLong blocked = new AtomicLong();

    // ---- loop thread --------------------------------------------------------------------------------------------

    /** A turn begins, or a wait of it is over. */
    void runs() {
        beat(RUNS);
    }

    /** The kernel is entered. */
    void waits() {
        if (timed) {
            timed = false;
            Flight.turned(slowTurn);
        }
        beat(WAITS);
    }

    /** The wait is over and completions are handled. */
    void wakes() {
        beat(RUNS);
        timed = Flight.turns(slowTurn);
    }

    /** A turn has ended. */
    void leaves() {
        beat(OUTSIDE);
    }

    /** What its thread does between two turns is its handlers' work too. */
    void alwaysRuns() {
        alwaysRuns = true;
    }

    private void beat(int state) {
        BEAT.setOpaque(this, ((beat & ~STATE_MASK) + STEP) | state);
    }

    // ---- the watchdog -------------------------------------------------------------------------------------------

    Thread loop() {
        return loop;
    }

    /** Another one after each step; what stays the same while it {@linkplain #running runs} is one piece of work. */
    long beat() {
        return (long) BEAT.getOpaque(this);
    }

    boolean running(long at) {
        int state = (int) at & STATE_MASK;
        return state == RUNS || (state == OUTSIDE && alwaysRuns);
    }

    void foundBlocked() {
        blocked.incrementAndGet();
    }

    /** How often the watchdog found it blocked. Any thread. */
    long blocked() {
        return blocked.get();
    }
}
