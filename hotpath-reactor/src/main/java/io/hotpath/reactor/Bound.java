package io.hotpath.reactor;

import io.hotpath.engine.EngineStats;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * A stream that listens: where, what it counts, and how it ends. {@link CompletionStream#doOnBound} gives it. Any thread.
 *
 * {@snippet class="io.hotpath.snippets.StreamSnippets" region="bound"}
 */
public interface Bound extends Disposable {
    /** Where it listens; a port of 0 has become the real one. */
    SocketAddress address();

    /** The port, or -1 if the address has none. */
    default int port() {
        return address() instanceof InetSocketAddress inet ? inet.getPort() : -1;
    }

    /** Counters and gauges of its loop. */
    EngineStats stats();

    /**
     * Moves the listener and the live connections to the next ring, which loses nothing; see {@link
     * io.hotpath.engine.Engine#forceUnhealthy}. Nothing happens once it has ended.
     */
    void forceUnhealthy();

    /**
     * Stops in order: accepts no more, closes each connection in order, completes the stream after the last {@code Close}.
     * What does not end within the close timeout is reset. Cancel the subscription to stop at once.
     */
    @Override
    void dispose();

    /** Completes when everything is closed: connections, listener, ring, buffers that nobody holds. */
    Mono<Void> onDispose();
}
