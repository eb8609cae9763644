package io.hotpath.kernel.conformance;

import io.hotpath.kernel.Kernel;
import java.net.SocketAddress;

/** A kernel and the peers that go with it. */
interface World extends AutoCloseable {
    Kernel kernel();

    /** Connects to a listener of the ring. */
    Peer connect(SocketAddress address);

    PeerListener listen();

    /** Lets only {@code free} more descriptors be opened until it is closed. */
    AutoCloseable descriptorsLeft(int free);

    @Override
    void close();
}
