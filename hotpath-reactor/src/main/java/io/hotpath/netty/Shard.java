package io.hotpath.netty;

import io.hotpath.engine.Connection;
import io.hotpath.engine.ListenAddress;
import io.hotpath.engine.Listener;
import io.hotpath.engine.ListenerHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** One of a server channel's listening sockets, on its own loop. Works there, whoever calls. */
final class Shard implements ListenerHandler, TurnEnd {
    private final HotpathServerSocketChannel server;
    private final HotpathIoHandler home;
    private final ListenAddress sockets;
    private final int index;

    // its loop's
    private List<HotpathSocketChannel> batch = new ArrayList<>();
    private @Nullable Listener listener;
    private boolean closing;

    Shard(HotpathServerSocketChannel server, HotpathIoHandler home, ListenAddress sockets, int index) {
        this.server = server;
        this.home = home;
        this.sockets = sockets;
        this.index = index;
    }

    void open() {
        onLoop(() -> {
            if (!closing) {
                listener = home.engine().listen(sockets, index, this);
                adjustHere();
            }
        });
    }

    /** Accepts or pauses, as the server channel says. */
    void adjust() {
        onLoop(this::adjustHere);
    }

    private void adjustHere() {
        Listener open = listener;
        if (open == null || closing) {
            return;
        }
        if (server.accepting()) {
            open.resume();
        } else {
            open.pause();
        }
    }

    /** Closes its socket and tells the server channel then. Idempotent. */
    void close() {
        onLoop(() -> {
            if (closing) {
                return;
            }
            closing = true;
            Listener open = listener;
            if (open == null) {
                sockets.close(index);
                closed();
            } else {
                open.close();
            }
        });
    }

    private void onLoop(Runnable action) {
        if (home.loop().inEventLoop()) {
            action.run();
            return;
        }
        try {
            home.loop().execute(action);
        } catch (RejectedExecutionException ended) {
            sockets.close(index); // with the loop its engine is gone, and with that the listener
            closed();
        }
    }

    private void closed() {
        if (server.eventLoop().inEventLoop()) {
            server.shardClosed();
            return;
        }
        try {
            server.eventLoop().execute(server::shardClosed);
        } catch (RejectedExecutionException ended) {
            // the server channel's loop is gone: nobody waits
        }
    }

    // ---- reports ------------------------------------------------------------------------------------------------

    @Override
    public void accepted(Connection connection) {
        HotpathSocketChannel child = new HotpathSocketChannel(server, connection, home);
        if (batch.isEmpty()) {
            home.touched(this);
        }
        batch.add(child);
    }

    @Override
    public void drained() {
        List<HotpathSocketChannel> children = batch;
        batch = new ArrayList<>();
        if (server.eventLoop().inEventLoop()) {
            server.accepted(children);
            return;
        }
        try {
            server.eventLoop().execute(() -> server.accepted(children));
        } catch (RejectedExecutionException ended) {
            children.forEach(child -> child.unsafe().closeForcibly());
        }
    }

    @Override
    public void listenerClosed(Listener ended, int errno) {
        closing = true;
        closed();
    }
}
