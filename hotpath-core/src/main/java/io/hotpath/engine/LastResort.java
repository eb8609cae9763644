package io.hotpath.engine;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ends peers that read nothing when what waits for them occupies all buffers: ring buffers are out, copy memory is used up,
 * and somebody who asks for bytes has got none for a while. Those that hold most go first, as many as free a buffer for each
 * who starves. Reads the clock only in that state. Loop thread.
 */
final class LastResort {
    private static final System.Logger LOG = System.getLogger(LastResort.class.getName());

    /** How long somebody starves, and a peer reads nothing, before it is ended. */
    static final long PATIENCE_NANOS = 250_000_000L;

    private static final long LOG_NANOS = 10_000_000_000L;

    private final Engine engine;
    private final Leases leases;
    private final Runnable actStep = this::act;

    /** Whether {@link #act} is due. */
    private boolean waiting;

    /** The last that starved when the wait began, and what it had received. */
    private @Nullable Connection starving;

    private long starvingBytes;
    private long loggedNanos;
    private boolean logged;

    LastResort(Engine engine) {
        this.engine = engine;
        leases = engine.leases();
    }

    /** Once per turn. */
    void check() {
        if (!waiting && exhausted()) {
            waiting = true;
            Connection last = engine.receiver.lastStarved();
            starving = last;
            starvingBytes = last == null ? 0 : last.bytesIn;
            engine.forEachConnection(this::look);
            engine.after(PATIENCE_NANOS, actStep);
        }
    }

    private boolean exhausted() {
        return leases.mainAvailable() == 0 && leases.copiesFree() == 0 && engine.receiver.starves();
    }

    private void act() {
        waiting = false;
        Connection starved = starving;
        starving = null;
        if (engine.closed() || !exhausted() || starved == null || !starved.starved
                || starved.bytesIn != starvingBytes) {
            return;
        }
        List<Connection> blocked = new ArrayList<>();
        engine.forEachConnection(c -> {
            look(c);
            if (c.blockedLooks > 0 && pinned(c) > 0) {
                blocked.add(c);
            }
        });
        blocked.sort(Comparator.comparingInt(LastResort::pinned)
                .thenComparingInt(c -> c.blockedLooks)
                .reversed());
        reset(blocked, engine.receiver.starvedCount());
    }

    private void reset(List<Connection> blocked, int wanted) {
        int freed = 0;
        int resets = 0;
        for (Connection c : blocked) {
            if (freed >= wanted) {
                break;
            }
            freed += pinned(c);
            resets++;
            engine.counters.resetsForRoom++;
            Flight.connectionReset(c.slot, "room");
            engine.closer.makeRoom(c);
        }
        log(resets, freed, wanted);
    }

    private void log(int resets, int freed, int wanted) {
        long now = engine.nanoTime();
        if (resets > 0 && (!logged || now - loggedNanos > LOG_NANOS)) {
            logged = true;
            loggedNanos = now;
            LOG.log(Level.WARNING, () -> "buffers=none copies=none starved=" + wanted + " action=reset connections="
                    + resets + " freed=" + freed + " remedy=these peers read nothing: raise copyBytesMax, or lower"
                    + " outboundPauseBytes");
        }
    }

    /** Counts how often in a row {@code c} was found with a send of which its peer took nothing. */
    private void look(Connection c) {
        if (c.sending == 0 || c.state > Connection.DRAINING) {
            c.blockedLooks = -1;
            return;
        }
        int progress = engine.kernel().sockets().sendProgress(c.fd);
        boolean same = c.blockedLooks >= 0 && c.blockedBytes == c.bytesOut && c.blockedProgress == progress;
        c.blockedLooks = same ? c.blockedLooks + 1 : 0;
        c.blockedBytes = c.bytesOut;
        c.blockedProgress = progress;
    }

    /** The buffers that a reset gives back. */
    private static int pinned(Connection c) {
        return c.held - c.lent;
    }
}
