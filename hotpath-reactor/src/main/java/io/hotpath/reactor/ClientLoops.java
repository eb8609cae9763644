package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import org.jspecify.annotations.Nullable;

/** The loop that a client and its copies use at present. Any thread. */
final class ClientLoops {
    private final EngineConfig config;
    private @Nullable ClientLoop current;

    ClientLoops(EngineConfig config) {
        this.config = config;
    }

    /** Begins {@code connection} on a loop that lives. */
    synchronized void use(ClientConnection connection) {
        ClientLoop loop = current;
        if (loop == null || !loop.use(connection)) {
            loop = new ClientLoop(config);
            current = loop;
            loop.use(connection);
            loop.start();
        }
    }

    /** Counters of the loop that was used last, {@code null} before it is open. */
    synchronized @Nullable EngineStats stats() {
        return current == null ? null : current.stats();
    }
}
