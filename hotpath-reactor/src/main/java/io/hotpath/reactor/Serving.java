package io.hotpath.reactor;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import io.hotpath.engine.Listener;
import io.hotpath.engine.ListenerHandler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;

/** Runs the handler of a server for each connection that an engine accepts. Loop thread, whatever turns the engine. */
final class Serving extends ConnectionReports implements ListenerHandler {
    private final ServerSettings settings;
    private final Context context;

    /** Called when it was told to drain and nobody is left, or accepting failed; perhaps more than once. */
    private final Runnable finished;

    private final Set<HotpathConnection> live = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean draining;
    private @Nullable IOException failure;

    Serving(ServerSettings settings, Context context, Runnable finished) {
        this.settings = settings;
        this.context = context;
        this.finished = finished;
    }

    /** Why accepting ended, {@code null} if it did not fail. */
    @Nullable
    IOException failure() {
        return failure;
    }

    /** Takes nobody any more and lets each handler finish what it has begun. */
    void drain() {
        if (!draining) {
            draining = true;
            new ArrayList<>(live).forEach(HotpathConnection::cutInput);
        }
        finishIfDrained();
    }

    private void finishIfDrained() {
        if (draining && live.isEmpty()) {
            finished.run();
        }
    }

    @Override
    public void accepted(Connection connection) {
        if (draining) {
            connection.reset();
            return;
        }
        if (!settings.childOptions.isEmpty()) {
            SocketOptions.apply(settings.childOptions, connection);
        }
        HotpathConnection own = view(connection, this);
        live.add(own);
        Conversation.run(own, settings::converse, context);
    }

    @Override
    public void listenerClosed(Listener closed, int errno) {
        if (errno != 0) {
            failure = new IOException("accepting on " + closed.address() + " failed: " + Errno.text(errno));
            finished.run();
        }
    }

    @Override
    boolean event(HotpathEvent event) {
        return false; // every connection is its own
    }

    @Override
    void gone(HotpathConnection own, int errno) {
        live.remove(own);
        finishIfDrained();
    }
}
