package io.hotpath.reactor;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.Listener;
import io.hotpath.engine.ListenerHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;

/** One loop of a {@link RunningServer}: accepts, and runs the handler for each connection. */
final class ServerLoop extends ConnectionReports implements ListenerHandler {
    private final RunningServer server;
    private final HotpathServer.Settings settings;
    private final Binding binding;
    private final EngineLoop loop;

    /** Written by the loop thread when it is open; whoever stops it sets {@link #draining} first and reads this second. */
    private volatile @Nullable Engine engine;

    /** Any thread sets it, once; the loop thread reads it after it has set {@link #engine}. */
    private volatile boolean draining;

    /** Any thread sets it, once. */
    private volatile boolean stopped;

    // loop thread
    private final Set<HotpathConnection> live = Collections.newSetFromMap(new IdentityHashMap<>());
    private @Nullable Listener listener;
    private @Nullable Throwable failure;

    ServerLoop(RunningServer server, HotpathServer.Settings settings, Binding binding) {
        this.server = server;
        this.settings = settings;
        this.binding = binding;
        loop = new EngineLoop(ownDemand(settings.config()), this::opened, this::ended);
    }

    // ---- any thread ---------------------------------------------------------------------------------------------

    void start() {
        new HotpathThread(loop).start();
    }

    EngineStats stats() {
        return Objects.requireNonNull(engine, "the server is not bound yet").stats();
    }

    /** Accepts no more, lets each connection send what it was given, ends. */
    void drain() {
        draining = true;
        Engine open = engine;
        if (open != null) {
            try {
                open.execute(this::drainNow);
            } catch (RejectedExecutionException ended) {
                // over already
            }
        }
    }

    /** Ends at once. */
    void stop() {
        stopped = true;
        loop.stop();
    }

    // ---- loop thread --------------------------------------------------------------------------------------------

    private void opened(Engine open) {
        engine = open;
        if (stopped) {
            return;
        }
        try {
            Listener own = binding.listen(open, this);
            listener = own;
            server.listening(own.address());
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
        if (draining) {
            drainNow();
        }
    }

    private void drainNow() {
        Listener own = listener;
        if (own != null) {
            own.close();
        }
        new ArrayList<>(live).forEach(HotpathConnection::drain);
        stopIfDrained();
    }

    private void stopIfDrained() {
        if (draining && live.isEmpty()) {
            stop();
        }
    }

    private void ended(@Nullable Throwable cause) {
        binding.leave();
        Throwable first = failure == null ? cause : failure;
        server.ended(first instanceof UncheckedIOException wrapped ? wrapped.getCause() : first);
    }

    // ---- reports: loop thread -----------------------------------------------------------------------------------

    @Override
    public void accepted(Connection connection) {
        if (draining || stopped) {
            connection.reset();
            return;
        }
        HotpathConnection own = view(connection, this);
        live.add(own);
        Conversation.run(own, settings::converse, Context.empty());
    }

    @Override
    public void listenerClosed(Listener closed, int errno) {
        if (errno != 0) {
            failure = new IOException("accepting on " + closed.address() + " failed: " + Errno.text(errno));
            stop();
        }
    }

    @Override
    boolean event(HotpathEvent event) {
        return false; // every connection is its own
    }

    @Override
    void gone(HotpathConnection own, int errno) {
        live.remove(own);
        stopIfDrained();
    }
}
