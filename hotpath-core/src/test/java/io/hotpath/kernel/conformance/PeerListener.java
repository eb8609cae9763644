package io.hotpath.kernel.conformance;

import java.net.SocketAddress;

/** Listens for what connects from a ring. */
interface PeerListener extends AutoCloseable {
    SocketAddress address();

    /** The connection that came; waits for it. */
    Peer accept();

    /** From now on connects get no answer, until {@link #answer()}. */
    void silence();

    void answer();

    @Override
    void close();
}
