package io.hotpath.engine;

import static io.hotpath.engine.Connection.CLOSED;
import static io.hotpath.engine.Connection.CONNECTING;
import static io.hotpath.engine.Connection.FD_CLOSING;
import static io.hotpath.engine.Connection.RECV_IDLE;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.ring.Ring;
import io.hotpath.ring.UserData;
import java.lang.System.Logger.Level;

/**
 * Moves listeners and live connections from a ring to the next one. Descriptors stay; each operation either completes on the
 * old ring or is begun anew on the new one, never both. Loop thread, at the start of a turn.
 *
 * <p>A ring that works is retired: everything is cancelled and each last completion is taken in, so nothing is unknown. A
 * ring that died may have swallowed completions: a connection moves only if nothing of it can be missing, else it is reset
 * and counted, so that no byte is lost or repeated in silence.
 */
final class Failover {
    private static final System.Logger LOG = System.getLogger(Failover.class.getName());
    private static final long RETIRE_TIMEOUT_NANOS = 2_000_000_000L;
    private static final long REAP_STEP_NANOS = 10_000_000L;

    /** Without a completion for so long, what is missing is lost. */
    private static final long LOSS_TIMEOUT_NANOS = 100_000_000L;

    /** Rings that may die within {@link #RESCUE_PERIOD_NANOS} before the engine gives up. */
    private static final int RESCUES_MAX = 8;

    private static final long RESCUE_PERIOD_NANOS = 60_000_000_000L;

    private final Engine engine;
    private boolean moving;
    private int rescues;
    private long firstRescueNanos;

    Failover(Engine engine) {
        this.engine = engine;
    }

    /** Whether nothing may be armed or submitted, because the ring is about to go. */
    boolean moving() {
        return moving;
    }

    /** The ring works and is retired in order. */
    void move(String cause) {
        if (moving || engine.closed()) {
            return;
        }
        begin();
        Ring old = engine.ring();
        if (reap(old, RETIRE_TIMEOUT_NANOS)) {
            engine.leases().detach();
            old.close();
        } else {
            abandon(old);
        }
        finish(old, cause);
    }

    /**
     * The ring died.
     *
     * @throws EngineException if rings die again and again, or if no kernel opens another one
     */
    void rescue(int errno) {
        giveUpIfHopeless(errno);
        Ring old = engine.ring();
        begin();
        engine.drainCompletions(); // what was posted is true
        boolean clean = false;
        if (old.completionsLost()) {
            old.reapAfterLoss(); // the ring works, only some completions were dropped
            clean = reap(old, LOSS_TIMEOUT_NANOS) && engine.leases().headsAgree();
        }
        if (clean) {
            engine.leases().detach();
            old.close();
        } else {
            abandon(old);
        }
        finish(old, Errno.name(errno));
    }

    private void giveUpIfHopeless(int errno) {
        long now = engine.nanoTime();
        if (rescues == 0 || now - firstRescueNanos > RESCUE_PERIOD_NANOS) {
            firstRescueNanos = now;
            rescues = 0;
        }
        if (++rescues > RESCUES_MAX) {
            throw new EngineException("io_uring_enter", errno, "rings broke " + RESCUES_MAX + " times within a minute");
        }
    }

    private void begin() {
        moving = true;
        engine.counters.failovers++;
        engine.forEachConnection(c -> {
            engine.counters.movedSending += c.sending > 0 ? 1 : 0;
            engine.counters.movedParked += c.parkedFirst >= 0 ? 1 : 0;
        });
    }

    /** Cancels everything and takes in what completes; returns whether nothing is in flight any more. */
    private boolean reap(Ring old, long timeoutNanos) {
        long deadline = engine.nanoTime() + timeoutNanos;
        do {
            engine.forEachListener(Listener::suspend);
            engine.forEachConnection(this::cancel);
            old.prepCancelAll(UserData.of(Ops.CANCEL, 0, 0));
            if (old.submitAndWait(1, REAP_STEP_NANOS) < 0) {
                return false;
            }
            engine.drainCompletions();
        } while (old.inFlight() > 0 && engine.nanoTime() - deadline < 0);
        return old.inFlight() == 0;
    }

    private void cancel(Connection c) {
        engine.receiver.cancel(c);
        engine.sender.cancel(c);
    }

    /** Completions are missing. Whoever may have lost something ends; the rest has nothing on the old ring any more. */
    private void abandon(Ring old) {
        boolean receivesKnown = engine.leases().headsAgree();
        old.close();
        engine.leases().ringDied();
        engine.forEachConnection(c -> {
            boolean sendUnknown = c.sending > 0;
            boolean receiveUnknown = c.recv != RECV_IDLE && !receivesKnown;
            engine.sender.forgetFlight(c);
            if (sendUnknown || receiveUnknown || c.state == FD_CLOSING) {
                engine.closer.lost(c);
            } else {
                c.inFlight = 0;
                c.recv = RECV_IDLE;
                c.watched = false;
                c.endSent = false;
            }
        });
    }

    private void finish(Ring old, String cause) {
        String was = old.kernelRing().kernel().name();
        try {
            engine.replaceRing();
        } finally {
            moving = false;
        }
        engine.forEachListener(Listener::moved);
        engine.forEachConnection(this::resume);
        LOG.log(Level.WARNING, () -> "kernel=" + engine.kernel().name() + " was=" + was + " because=" + cause
                + " connections=" + engine.connections());
    }

    private void resume(Connection c) {
        if (c.state == CONNECTING) {
            engine.awaitConnected(c);
        } else if (c.state != CLOSED) {
            engine.receiver.moved(c);
            engine.sender.moved(c);
            engine.closer.moved(c);
        }
    }
}
