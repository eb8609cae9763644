package io.hotpath.engine;

import static io.hotpath.engine.Connection.CLOSED;
import static io.hotpath.engine.Connection.CLOSING;
import static io.hotpath.engine.Connection.CONNECTING;
import static io.hotpath.engine.Connection.FD_CLOSING;
import static io.hotpath.engine.Connection.OPEN;
import static io.hotpath.engine.Connection.RECV_IDLE;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.ring.Ring;
import io.hotpath.ring.UserData;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Moves listeners and live connections from a ring to the next one. Descriptors stay; each operation either completes on the
 * old ring or is begun anew on the new one, never both. Loop thread, at the start of a turn.
 *
 * <p>A ring that works is retired: everything is cancelled and each last completion is taken in, so nothing is unknown. A
 * ring that died may have swallowed completions: a connection moves only if nothing of it can be missing, else it is reset
 * and counted, so that no byte is lost or repeated in silence.
 */
final class Failover {
    private static final LoopLog LOG = LoopLog.of(Failover.class);
    private static final long RETIRE_TIMEOUT_NANOS = 2_000_000_000L;
    private static final long REAP_STEP_NANOS = 10_000_000L;

    /** Without a completion for so long, what is missing is lost. */
    private static final long LOSS_TIMEOUT_NANOS = 100_000_000L;

    /** Rings that may die within {@link #RESCUE_PERIOD_NANOS} before the engine gives up. */
    static final int RESCUES_MAX = 8;

    private static final long RESCUE_PERIOD_NANOS = 60_000_000_000L;

    private final Engine engine;
    private boolean moving;
    private boolean losing;
    private Flight.@Nullable Failover flight;
    private int rescues;
    private long firstRescueNanos;

    /** Why there is no ring any more; {@code null} while there is one. */
    private @Nullable EngineException failure;

    Failover(Engine engine) {
        this.engine = engine;
    }

    /** Whether nothing may be armed or submitted, because the ring is about to go. */
    boolean moving() {
        return moving;
    }

    /** Whether the ring has lost completions, so that what comes now is held back: there may be a gap before it. */
    boolean losing() {
        return losing;
    }

    /** @throws EngineException if there is no ring any more: the engine can only be closed then */
    void requireRing() {
        if (failure != null && !engine.closed()) {
            throw failure;
        }
    }

    /** The ring works and is retired in order. */
    void move(String cause) {
        if (moving || failure != null || engine.closed()) {
            return;
        }
        begin();
        Ring old = engine.ring();
        boolean clean = reap(old, RETIRE_TIMEOUT_NANOS);
        if (!clean && lossy(old)) { // on its last way
            clean = reapAfterLoss(old);
        }
        leave(old, clean);
        finish(old, cause);
    }

    /**
     * The ring died.
     *
     * @throws EngineException if rings die again and again, or if no kernel opens another one
     */
    void rescue(int errno) {
        Ring old = engine.ring();
        giveUpIfHopeless(old, errno);
        begin();
        engine.drainCompletions(); // what was posted before the loss is true
        leave(old, errno == Errno.EBADR && reapAfterLoss(old));
        finish(old, Errno.name(errno));
    }

    private void leave(Ring old, boolean clean) {
        if (clean) {
            engine.leases().detach();
            old.close();
        } else {
            abandon(old);
        }
    }

    private static boolean lossy(Ring ring) {
        return ring.dropped() > 0 || ring.completionsLost();
    }

    /** The ring works, only some completions were dropped; returns whether none of those mattered. */
    private boolean reapAfterLoss(Ring old) {
        losing = true;
        engine.forEachConnection(c -> c.exposed = c.recv != RECV_IDLE);
        old.reapAfterLoss();
        return reap(old, LOSS_TIMEOUT_NANOS) && engine.leases().headsAgree();
    }

    private void giveUpIfHopeless(Ring old, int errno) {
        long now = engine.nanoTime();
        if (rescues == 0 || now - firstRescueNanos > RESCUE_PERIOD_NANOS) {
            firstRescueNanos = now;
            rescues = 0;
        }
        if (++rescues > RESCUES_MAX) {
            old.fail(errno);
            failure = new EngineException(
                    "io_uring_enter", errno, "rings broke more than " + RESCUES_MAX + " times within a minute");
            throw failure;
        }
    }

    private void begin() {
        moving = true;
        flight = Flight.failover();
        engine.counters.failovers++;
        engine.forEachConnection(c -> {
            engine.counters.movedSending += c.sending > 0 ? 1 : 0;
            engine.counters.movedParked += c.parkedFirst >= 0 ? 1 : 0;
        });
    }

    /** Cancels everything and takes in what completes, a step at a time; returns whether nothing is in flight any more. */
    private boolean reap(Ring old, long timeoutNanos) {
        long deadline = engine.nanoTime() + timeoutNanos;
        do {
            engine.listeners.forEach(Listener::suspend);
            engine.forEachConnection(this::cancel);
            old.prepCancelAll(UserData.of(Ops.CANCEL, 0, 0));
            if (!took(old, 0) || (old.inFlight() > 0 && !took(old, 1))) { // a cancel's own completion is no reason to wait
                return false;
            }
        } while (old.inFlight() > 0 && engine.nanoTime() - deadline < 0);
        return old.inFlight() == 0;
    }

    /** Enters, waiting for {@code minComplete}, and takes in what completed; returns false if the ring broke or lost some. */
    private boolean took(Ring old, int minComplete) {
        if (old.submitAndWait(minComplete, REAP_STEP_NANOS) < 0) {
            return false;
        }
        engine.drainCompletions();
        return losing || !lossy(old); // what comes after a loss is not believed
    }

    private void cancel(Connection c) {
        engine.receiver.cancel(c);
        engine.sender.cancel(c);
    }

    /** Completions are missing. Whoever may have lost something ends; the rest has nothing on the old ring any more. */
    private void abandon(Ring old) {
        boolean receivesKnown = engine.leases().headsAgree();
        List<Connection> lost = new ArrayList<>();
        engine.forEachConnection(c -> {
            engine.closer.settleClose(c);
            boolean sendUnknown = sendUnknown(c, old);
            if (c.state < CLOSING && (sendUnknown || receiveUnknown(c, receivesKnown))) {
                lost.add(c);
            } else if (sendUnknown) {
                engine.sender.outcomeUnknown(c); // it ends anyway
            }
            if (c.connecting && old.taken(c.prepared)) {
                c.connectAddress = null; // finished on the next ring, else begun there
            }
            forgetFlight(c);
        });
        old.close();
        engine.leases().ringDied();
        lost.forEach(engine.closer::lost);
        engine.forEachConnection(c -> {
            if (c.state == FD_CLOSING) {
                c.inFlight++;
                engine.closer.closeCompleted(c); // what the kernel took is closed, the rest was closed just now
            }
        });
    }

    /** What the kernel did not take it did not send. */
    private static boolean sendUnknown(Connection c, Ring old) {
        return c.sending > 0 && old.taken(c.prepared);
    }

    /**
     * Bytes are missing if a buffer was taken of which no completion told. A receive whose end is missing on a ring that was
     * reaped may have ended with an error that nothing will repeat.
     */
    private boolean receiveUnknown(Connection c, boolean receivesKnown) {
        if (c.state != OPEN) {
            return false; // closing: nobody reads any more
        }
        return losing ? c.exposed && (!receivesKnown || c.recv != RECV_IDLE) : c.recv != RECV_IDLE && !receivesKnown;
    }

    private void forgetFlight(Connection c) {
        engine.sender.forgetFlight(c);
        c.inFlight = 0;
        c.recv = RECV_IDLE;
        c.watched = false;
        c.endSent = false;
    }

    private void finish(Ring old, String cause) {
        String was = old.kernelRing().kernel().name();
        engine.listeners.forEach(Listener::disarmed);
        try {
            engine.replaceRing();
        } catch (EngineException refused) {
            failure = refused;
            throw refused;
        } finally {
            moving = false;
            losing = false;
        }
        engine.listeners.forEach(Listener::moved);
        engine.forEachConnection(this::resume);
        if (flight != null) {
            flight.ended(was, engine.kernel().name(), cause, engine.connections());
        }
        LOG.log(Level.WARNING, () -> "kernel=" + engine.kernel().name() + " was=" + was + " because=" + cause
                + " connections=" + engine.connections());
    }

    private void resume(Connection c) {
        c.exposed = false;
        if (c.state == CONNECTING) {
            if (c.connecting) { // else a socket that nobody has told to connect
                engine.connector.moved(c);
            }
        } else if (c.state != CLOSED) {
            engine.receiver.moved(c);
            engine.sender.moved(c);
            engine.closer.moved(c);
        }
    }
}
