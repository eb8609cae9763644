package io.hotpath.reactor;

import io.hotpath.engine.EngineStats;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** A server that listens. Any thread. */
public interface BoundServer extends Disposable {
    /** Where it listens; a port of 0 has become the real one. */
    SocketAddress address();

    /** The port, or -1 if the address has none. */
    default int port() {
        return address() instanceof InetSocketAddress inet ? inet.getPort() : -1;
    }

    /** Counters and gauges of each loop, also after the end. */
    List<EngineStats> stats();

    /**
     * Stops in order: accepts no more and asks nobody for more, sends what was given to send, ends each connection. What does
     * not end within {@link io.hotpath.engine.EngineConfig#closeTimeout()} is reset. Returns at once; idempotent.
     */
    @Override
    void dispose();

    /** {@link #disposeNow(Duration)} with the close timeout. */
    void disposeNow();

    /**
     * Stops in order as {@link #dispose} does, but resets what has not ended after {@code timeout}, and waits for the end;
     * the reset itself may take a moment more.
     *
     * @throws IllegalStateException on a thread that must not block, such as a loop's
     */
    void disposeNow(Duration timeout);

    /**
     * Completes when everything is closed: listeners, connections, rings, buffers that nobody holds. Fails if a loop broke;
     * then all of them ended.
     */
    Mono<Void> onDispose();
}
