package io.hotpath.engine;

import io.hotpath.EngineException;
import io.hotpath.ring.Ring;
import io.hotpath.ring.UserData;
import java.lang.System.Logger.Level;

/**
 * How an engine ends: what is open is reset, what is in flight is taken in, the ring is closed, and whoever is left ends
 * without it. What the kernel may still write into is never freed. Loop thread, once.
 */
final class Retirement {
    private static final LoopLog LOG = LoopLog.of(Retirement.class);
    private static final long TIMEOUT_NANOS = 2_000_000_000L;
    private static final long REAP_STEP_NANOS = 10_000_000L;

    private final Engine engine;
    private final long deadline;

    Retirement(Engine engine) {
        this.engine = engine;
        deadline = engine.nanoTime() + TIMEOUT_NANOS;
    }

    void run() {
        engine.reporter.requestAll();
        engine.shutdown();
        engine.forEachConnection(engine.closer::reset);
        try {
            reap();
        } finally {
            retire();
        }
    }

    private void reap() {
        while (engine.anythingOpen() && engine.ring().brokenErrno() == 0) {
            long left = deadline - engine.nanoTime();
            if (left <= 0) {
                return;
            }
            try {
                engine.run(Math.min(left, REAP_STEP_NANOS));
            } catch (EngineException broken) {
                LOG.log(Level.WARNING, () -> "engine=closing ring=broken cause=" + broken.getMessage());
            }
        }
    }

    private void retire() {
        if (!engine.ring().closed()) { // closed if a failover found no other one
            retireRing(engine.ring());
        }
        abandonAll();
        engine.closeTasks(); // the last tasks may still release or send
        engine.leases().orphan();
    }

    private void retireRing(Ring ring) {
        ring.prepCancelAll(UserData.of(Ops.CANCEL, 0, 0));
        long left = deadline - engine.nanoTime();
        while (ring.inFlight() > 0 && left > 0 && ring.submitAndWait(1, left) == 0) {
            engine.drainCompletions();
            left = deadline - engine.nanoTime();
        }
        if (ring.inFlight() == 0) {
            engine.leases().detach();
        } else {
            int inFlight = ring.inFlight();
            engine.counters.leakedBytes += engine.leases().bytes();
            LOG.log(Level.WARNING, () -> "engine=closed in_flight=" + inFlight + " buffers=leaked on purpose, the"
                    + " kernel may still write into them");
        }
        engine.forEachConnection(engine.closer::settleClose);
        ring.close();
    }

    /** Whoever is left has no ring any more. */
    private void abandonAll() {
        engine.forEachConnection(engine.closer::abandoned);
        engine.listeners.forEach(Listener::abandoned);
        engine.forEachConnection(engine.closer::abandoned); // who waited in a listener
        engine.reporter.deliverOnce();
    }
}
