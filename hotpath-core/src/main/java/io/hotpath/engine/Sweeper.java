package io.hotpath.engine;

import static io.hotpath.engine.Connection.DRAINING;
import static io.hotpath.engine.Connection.OPEN;

import io.hotpath.engine.Progress.Verdict;
import java.lang.System.Logger.Level;
import java.util.function.Consumer;

/**
 * Looks at every connection from time to time and ends those beyond a limit of time. One timer for all of them, which runs
 * only while there are connections and a limit is on; messages cost a byte count each. Loop thread.
 */
final class Sweeper {
    private static final System.Logger LOG = System.getLogger(Sweeper.class.getName());

    /** Looks of one turn; the rest waits for the next, so that many connections do not hold up the loop. */
    static final int SLOTS_PER_TURN = 1024;

    private final Engine engine;
    private final SlotTable slots;
    private final Limits limits;
    private final Consumer<Connection> lookStep = this::look;
    private final Runnable beginStep = this::begin;

    /** Whether a connection with nothing to send has no limit. */
    private final boolean onlyWrites;

    /** Whether a sweep is due or under way. */
    private boolean begun;

    /** The slot to go on from, or -1 between sweeps. */
    private int next = -1;

    /** The sweep begins with the next turn, when what came while a handler kept the loop has been taken in. */
    private boolean fresh;

    /** Time as connections feel it: it stands still while the loop does not turn. */
    private long clock;

    private long lastNanos;

    Sweeper(Engine engine, SlotTable slots, Limits limits) {
        this.engine = engine;
        this.slots = slots;
        this.limits = limits;
        onlyWrites = limits.onlyWrites();
    }

    /** There is a connection. */
    void opened() {
        if (!begun && !limits.off()) {
            schedule();
        }
    }

    private void schedule() {
        begun = true;
        engine.after(limits.sweepNanos(), beginStep);
    }

    private void begin() {
        long now = engine.nanoTime();
        clock += Math.clamp(now - lastNanos, 0, 2 * limits.sweepNanos());
        lastNanos = now;
        next = 0;
        fresh = true;
    }

    boolean hasWork() {
        return next >= 0;
    }

    /** Once per turn, when everybody is armed that can be, and everything is submitted. */
    void sweep() {
        if (next < 0) {
            return;
        }
        if (fresh) {
            fresh = false;
            return;
        }
        next = slots.forSome(next, SLOTS_PER_TURN, lookStep);
        if (next < 0) {
            begun = false;
            if (engine.connections() > 0 && !engine.closed()) {
                schedule();
            }
        }
    }

    private void look(Connection c) {
        if (c.state != OPEN && c.state != DRAINING) {
            return; // the other states have deadlines of their own
        }
        if (onlyWrites && c.outFirst == null) {
            c.progress = null; // idle: nothing to look after, and nothing to remember
            return;
        }
        Progress progress = c.progress;
        if (progress == null) {
            progress = new Progress(c, clock);
            c.progress = progress;
        }
        Verdict verdict = progress.look(c, clock, limits);
        if (verdict != Verdict.GOES_ON) {
            end(c, verdict);
        }
    }

    private void end(Connection c, Verdict verdict) {
        Counters counters = engine.counters;
        switch (verdict) {
            case GOES_ON -> {}
            case NO_FIRST_BYTE -> counters.timeoutsFirstByte++;
            case IDLE -> counters.timeoutsIdle++;
            case NO_READ_PROGRESS -> counters.timeoutsRead++;
            case NO_WRITE_PROGRESS -> counters.timeoutsWrite++;
        }
        Flight.connectionReset(c.slot, verdict.name());
        LOG.log(Level.DEBUG, () -> "connection=" + c.slot + " state=timed_out cause=" + verdict);
        engine.closer.timeOut(c);
    }
}
