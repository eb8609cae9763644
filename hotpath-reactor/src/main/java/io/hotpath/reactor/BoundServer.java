package io.hotpath.reactor;

import io.hotpath.engine.EngineStats;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * A server that listens. Any thread.
 *
 * {@snippet class="io.hotpath.snippets.ServerSnippets" region="stop"}
 */
public interface BoundServer extends Disposable {
    /** Where it listens; a port of 0 has become the real one. */
    SocketAddress address();

    /** The port, or -1 if the address has none. */
    default int port() {
        return address() instanceof InetSocketAddress inet ? inet.getPort() : -1;
    }

    /** The local host as text, {@code null} if the address has none. */
    default @Nullable String host() {
        return address() instanceof InetSocketAddress inet ? inet.getHostString() : null;
    }

    /** Counters and gauges of each loop that has opened its ring, also after the end. */
    List<EngineStats> stats();

    /**
     * Moves every loop to another ring, as if its own were lost; connections go on. For drills and for operators who distrust a
     * ring. Returns at once; {@link EngineStats#failovers()} counts the moves.
     */
    void forceUnhealthy();

    /**
     * Stops at once: accepts no more and resets every connection. Returns before that is done, see {@link #onDispose};
     * idempotent.
     */
    @Override
    void dispose();

    /**
     * Stops in order, not before somebody subscribes: accepts no more, and lets each handler finish what it has begun.
     *
     * <p>Each {@code receive()} completes now, as if the peer had ended its side ({@link HotpathConnection#inputCut} tells the
     * difference, and {@code aggregate} fails rather than give half a message), so idle connections end at once, and handlers
     * that are still producing answers produce and send all of them. Connections that have not ended after {@code timeout}
     * are reset.
     *
     * @return completes when everything is closed, or fails as {@link #onDispose} does; cancelling it changes nothing
     */
    Mono<Void> disposeLater(Duration timeout);

    /** {@link #disposeNow(Duration)} with the {@linkplain io.hotpath.engine.EngineConfig#closeTimeout() close timeout}. */
    void disposeNow();

    /**
     * Stops in order as {@link #disposeLater} does, and waits for the end; resetting what is left after {@code timeout} may
     * take a moment more.
     *
     * @throws IllegalStateException on a thread that must not block, such as a loop's
     */
    void disposeNow(Duration timeout);

    /** Whether everything is closed. */
    @Override
    boolean isDisposed();

    /**
     * Completes when everything is closed: listeners, connections, rings, buffers that nobody holds. Fails if a loop broke;
     * then all of them ended.
     */
    Mono<Void> onDispose();

    /** Also disposes {@code other} when everything is closed, however that came. Returns this. */
    default BoundServer onDispose(Disposable other) {
        onDispose().subscribe(null, failure -> other.dispose(), other::dispose);
        return this;
    }
}
