package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/** A loop for connections of a client: ends when nobody has used it for a while. Any thread. */
final class ClientLoop {
    private static final long IDLE_MILLIS = 1000;

    private final EngineLoop loop;

    // guarded by this
    private final List<ClientConnection> early = new ArrayList<>();
    private @Nullable Engine engine;
    private int users;
    private long uses;
    private boolean ending;

    ClientLoop(EngineConfig config) {
        loop = new EngineLoop(ConnectionReports.ownDemand(config), this::opened, this::ended);
    }

    void start() {
        HotpathThread.start(loop);
    }

    /** Begins {@code connection} here; false if this loop ends. */
    synchronized boolean use(ClientConnection connection) {
        if (ending) {
            return false;
        }
        Engine open = engine;
        if (open == null) {
            early.add(connection);
        } else {
            try {
                open.execute(() -> connection.begin(open, this));
            } catch (RejectedExecutionException broken) {
                return false;
            }
        }
        users++;
        uses++;
        return true;
    }

    /** A connection that was begun here has ended. */
    synchronized void release() {
        if (--users == 0) {
            long lastUse = uses;
            Schedulers.parallel().schedule(() -> endIfUnusedSince(lastUse), IDLE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    synchronized @Nullable EngineStats stats() {
        return engine == null ? null : engine.stats();
    }

    private synchronized void endIfUnusedSince(long use) {
        if (users == 0 && uses == use) {
            ending = true;
            loop.stop();
        }
    }

    // ---- loop thread --------------------------------------------------------------------------------------------

    private void opened(Engine open) {
        List<ClientConnection> waiting;
        synchronized (this) {
            engine = open;
            waiting = List.copyOf(early);
            early.clear();
        }
        waiting.forEach(connection -> connection.begin(open, this));
    }

    private void ended(@Nullable Throwable cause) {
        List<ClientConnection> waiting;
        synchronized (this) {
            ending = true;
            waiting = List.copyOf(early);
            early.clear();
        }
        Throwable failure = cause == null ? new IOException("the client's loop ended") : cause;
        waiting.forEach(connection -> connection.refused(failure));
    }
}
