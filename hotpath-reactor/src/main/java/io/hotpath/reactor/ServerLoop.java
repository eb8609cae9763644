package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.Listener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;

/** One loop of a {@link RunningServer}: a thread, an engine, a listener. */
final class ServerLoop {
    private final RunningServer server;
    private final Binding binding;
    private final EngineLoop loop;
    private final Serving serving;

    /** Written by the loop thread when it is open; whoever stops it sets {@link #draining} first and reads this second. */
    private volatile @Nullable Engine engine;

    /** Any thread sets it, once; the loop thread reads it after it has set {@link #engine}. */
    private volatile boolean draining;

    /** Any thread sets it, once. */
    private volatile boolean stopped;

    // loop thread
    private @Nullable Listener listener;

    ServerLoop(RunningServer server, ServerSettings settings, Binding binding, Context context) {
        this.server = server;
        this.binding = binding;
        serving = new Serving(settings, context, this::stop);
        loop = new EngineLoop(ConnectionReports.ownDemand(settings.config), this::opened, this::ended);
    }

    // ---- any thread ---------------------------------------------------------------------------------------------

    void start() {
        HotpathThread.start(loop);
    }

    /** Nothing before it is open. */
    List<EngineStats> stats() {
        Engine open = engine;
        return open == null ? List.of() : List.of(open.stats());
    }

    /** Accepts no more, lets each handler finish, ends. */
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

    void forceUnhealthy() {
        Engine open = engine;
        if (open != null) {
            try {
                open.forceUnhealthy();
            } catch (RejectedExecutionException ended) {
                // it has no ring any more
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
            Listener own = binding.listen(open, serving);
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
        serving.drain();
    }

    private void ended(@Nullable Throwable cause) {
        binding.leave();
        IOException accepting = serving.failure();
        Throwable first = accepting == null ? cause : accepting;
        server.ended(first instanceof UncheckedIOException wrapped ? wrapped.getCause() : first);
    }
}
