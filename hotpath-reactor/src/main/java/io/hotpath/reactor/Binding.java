package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.Listener;
import io.hotpath.engine.ListenerHandler;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * Where one loop listens.
 *
 * @param sockets of all loops that share the address
 * @param rail    which of them this loop is
 * @param backlog connections that may wait in the kernel
 */
record Binding(SharedAddress sockets, int rail, SocketAddress address, int backlog) {
    /** Returns who listens, on the real address. */
    Listener listen(Engine engine, ListenerHandler handler) throws IOException {
        return engine.listen(sockets.bind(engine, rail, address, backlog), rail, handler);
    }

    void leave() {
        sockets.leave(rail);
    }
}
