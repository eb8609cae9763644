package io.hotpath.reactor;

import java.net.SocketAddress;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * A connection that a client made. Any thread. It lasts until it is disposed, its handler ends, or the network fails; the
 * peer's end of its side alone does not close it.
 */
public interface HotpathClientConnection extends Disposable {
    /** Where it was connected to. */
    SocketAddress address();

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

    /** Completes when it is closed, however that came; what failed is heard where it is received or sent. */
    Mono<Void> onDispose();
}
