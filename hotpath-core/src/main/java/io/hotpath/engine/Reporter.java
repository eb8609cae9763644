package io.hotpath.engine;

import java.lang.System.Logger.Level;

/**
 * Which connections have something to report, and the credit that permits it. Reports wait in their connection; those that
 * lack credit are looked at again when some comes. Loop thread.
 */
final class Reporter {
    private static final LoopLog LOG = LoopLog.of(Reporter.class);
    private static final long UNLIMITED = Long.MAX_VALUE;

    private final Engine engine;
    private final ConnectionQueue ready = new ConnectionQueue();
    private final ConnectionQueue withoutCredit = new ConnectionQueue();
    private final ConnectionQueue.Step attendStep = this::attend;
    private final ConnectionQueue.Step readyStep = this::readyAgain;
    private long credit = UNLIMITED;

    Reporter(Engine engine) {
        this.engine = engine;
    }

    // ---- credit -------------------------------------------------------------------------------------------------

    void requireCredit() {
        credit = 0;
    }

    void request(long n) {
        if (n <= 0) {
            throw new IllegalArgumentException("demand is " + n + ", must be at least 1 (Reactive Streams 3.9)");
        }
        credit = credit + n < 0 ? UNLIMITED : credit + n;
        withoutCredit.drain(readyStep);
    }

    /** Takes the limit away. */
    void requestAll() {
        request(UNLIMITED);
    }

    boolean hasCredit() {
        return credit > 0;
    }

    boolean hasCredit(Connection c) {
        return c.free || credit > 0;
    }

    void takeCredit() {
        if (credit != UNLIMITED) {
            credit--;
        }
    }

    void takeCredit(Connection c) {
        if (!c.free) {
            takeCredit();
        }
    }

    // ---- reports ------------------------------------------------------------------------------------------------

    /** {@code c} has something to report or a step of its close to take. */
    void ready(Connection c) {
        if (!c.inReady) {
            c.inReady = true;
            ready.add(c);
        }
    }

    boolean isEmpty() {
        return ready.isEmpty();
    }

    /** Reports what can be reported: parked bytes, finished sends, steps of a close. */
    void deliver() {
        // a report may make its own connection ready again; the second walk takes most of these, the next turn the rest
        for (int i = 0; i < 2 && !ready.isEmpty(); i++) {
            deliverOnce();
        }
    }

    /** The same, but what becomes ready meanwhile waits. */
    void deliverOnce() {
        ready.drain(attendStep);
    }

    private void attend(Connection c) {
        c.inReady = false;
        boolean reported = engine.sender.report(c);
        engine.receiver.deliverParked(c);
        engine.closer.advance(c);
        if (c.state == Connection.CLOSED && c.doneFirst == null) {
            reportClose(c);
        }
        boolean waits = !reported
                || (c.state == Connection.CLOSED && !c.closeReported)
                || (c.parkedFirst >= 0 && c.demand > 0 && c.state == Connection.OPEN && !c.paused);
        if (waits && !c.inWithoutCredit && credit == 0) {
            c.inWithoutCredit = true; // the steps of its close do not wait
            withoutCredit.add(c);
        }
    }

    private void reportClose(Connection c) {
        if (!c.hasHandler()) {
            c.closeReported = true; // nobody ever saw it
            return;
        }
        if (!c.closeReported && hasCredit()) {
            takeCredit();
            c.closeReported = true;
            try {
                c.handler().closed(c, c.closeErrno);
            } catch (Throwable thrown) {
                handlerFailed(c, thrown);
            }
        }
    }

    private void readyAgain(Connection c) {
        c.inWithoutCredit = false;
        ready(c);
    }

    void handlerFailed(Connection c, Throwable thrown) {
        engine.counters.handlerFailures++;
        LOG.log(Level.WARNING, () -> "connection=" + c.slot + " state=handler_failed action=reset", thrown);
        engine.closer.reset(c);
    }
}
