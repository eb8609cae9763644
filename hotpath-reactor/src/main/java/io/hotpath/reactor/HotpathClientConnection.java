package io.hotpath.reactor;

import java.net.SocketAddress;
import java.time.Duration;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * A connection that a client made. Any thread. It lasts until it is disposed, its handler ends, or the network fails; the
 * peer's end of its side alone does not close it.
 *
 * {@snippet class="io.hotpath.snippets.ClientSnippets" region="handle"}
 */
public interface HotpathClientConnection extends Disposable {
    /** Where it was connected to. */
    SocketAddress address();

    /** The connection: its addresses, its attributes and its ends. */
    HotpathConnection connection();

    /** What it receives. If the client has a handler, that is the one subscriber. */
    HotpathInbound inbound();

    /** What it sends. */
    HotpathOutbound outbound();

    /**
     * Closes in order: what is with its loop to send goes out first, within the close timeout; a {@code send} that has more
     * fails. Returns at once; idempotent.
     */
    @Override
    void dispose();

    /**
     * Closes in order as {@link #dispose} does, resets it if that takes longer than {@code timeout}, and waits for the end.
     *
     * @throws IllegalStateException on a thread that must not block, such as a loop's
     */
    void disposeNow(Duration timeout);

    /** {@link #disposeNow(Duration)} with three seconds. */
    default void disposeNow() {
        disposeNow(Duration.ofSeconds(3));
    }

    /** Whether it is closed. */
    @Override
    boolean isDisposed();

    /** Completes when it is closed, however that came; what failed is heard where it is received or sent. */
    Mono<Void> onDispose();

    /** Also disposes {@code other} when it is closed, however that came. Returns this. */
    default HotpathClientConnection onDispose(Disposable other) {
        onDispose().subscribe(null, failure -> other.dispose(), other::dispose);
        return this;
    }
}
