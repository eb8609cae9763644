package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.ListenAddress;
import java.io.IOException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** One address for several loops: whoever comes first binds for all. Any thread. */
final class SharedAddress {
    private final int loops;
    private @Nullable ListenAddress bound;

    SharedAddress(int loops) {
        this.loops = loops;
    }

    synchronized ListenAddress bind(Engine engine, SocketAddress address, int backlog) throws IOException {
        ListenAddress result = bound;
        if (result == null) {
            result = ListenAddress.bind(engine, address, backlog, loops);
            bound = result;
        }
        return result;
    }

    /** A new one per subscription, or the same for all rails. */
    interface Factory {
        SharedAddress get();
    }
}
