package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.ListenAddress;
import io.hotpath.engine.SocketOption;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One address for several loops: whoever comes first binds for all. Any thread. */
final class SharedAddress {
    private final int loops;
    private final List<SocketOption> options;
    private final BitSet left = new BitSet();
    private @Nullable ListenAddress bound;

    SharedAddress(int loops) {
        this(loops, List.of());
    }

    /** With options that each socket gets before it is bound. */
    SharedAddress(int loops, List<SocketOption> options) {
        this.loops = loops;
        this.options = options;
    }

    /** What loop {@code rail} listens on. */
    synchronized ListenAddress bind(Engine engine, int rail, SocketAddress address, int backlog) throws IOException {
        left.clear(rail);
        ListenAddress result = bound;
        if (result == null) {
            result = ListenAddress.bind(engine, address, backlog, loops, options);
            bound = result;
            left.stream().forEach(result::close);
        }
        return result;
    }

    /** Loop {@code rail} ends: nobody must be left to wait in the backlog of a socket that it never took. */
    synchronized void leave(int rail) {
        ListenAddress sockets = bound;
        if (sockets == null) {
            left.set(rail);
        } else {
            sockets.close(rail);
        }
    }

    /** A new one per subscription, or the same for all rails. */
    interface Factory {
        SharedAddress get();
    }
}
