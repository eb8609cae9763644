package io.hotpath.reactor;

import io.hotpath.engine.EngineStats;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/** One bind of a {@link HotpathServer}: its loops, from the first that starts to the last that ends. */
final class RunningServer implements BoundServer {
    private static final System.Logger LOG = System.getLogger(HotpathServer.class.getName());

    /** The reset connections and the rings may take this long to close. */
    private static final Duration RESET_MAX = Duration.ofSeconds(10);

    private final HotpathServer.Settings settings;
    private final MonoSink<BoundServer> sink;
    private final List<ServerLoop> loops = new ArrayList<>();
    private final Sinks.Empty<Void> closed = Sinks.empty();
    private final Disposable.Swap deadline = Disposables.swap();

    // guarded by this
    private int listening;
    private int running;
    private boolean stopping;
    private boolean bound;
    private @Nullable Throwable failure;

    /** Set by the first loop that binds, read by any thread. */
    private volatile SocketAddress address;

    /** Set by the last loop that ends. */
    private volatile boolean over;

    RunningServer(HotpathServer.Settings settings, InetSocketAddress wanted, MonoSink<BoundServer> sink) {
        this.settings = settings;
        this.sink = sink;
        address = wanted;
        running = settings.loops();
        SharedAddress sockets = new SharedAddress(settings.loops());
        for (int rail = 0; rail < settings.loops(); rail++) {
            loops.add(new ServerLoop(this, settings, new Binding(sockets, rail, wanted, settings.backlog())));
        }
    }

    void start() {
        sink.onCancel(this::stop);
        loops.forEach(ServerLoop::start);
    }

    // ---- from its loops -----------------------------------------------------------------------------------------

    void listening(SocketAddress real) {
        address = real;
        synchronized (this) {
            if (++listening < settings.loops() || stopping) {
                return;
            }
            bound = true;
        }
        settings.onBound().accept(this);
        sink.success(this);
    }

    void ended(@Nullable Throwable cause) {
        boolean last;
        synchronized (this) {
            last = --running == 0;
            if (cause != null && failure == null) {
                failure = cause;
            }
        }
        if (last) {
            terminate();
        } else if (cause != null) {
            stop(); // a server that serves on some of its sockets would lose clients
        }
    }

    private void terminate() {
        deadline.dispose();
        over = true;
        boolean served;
        Throwable cause;
        synchronized (this) {
            served = bound;
            cause = failure;
        }
        if (cause == null) {
            unbound(served);
            closed.tryEmitEmpty();
            sink.success(); // of no effect on one that was bound
        } else {
            LOG.log(Level.DEBUG, () -> "server=" + address + " state=failed", cause);
            unbound(served);
            closed.tryEmitError(cause);
            sink.error(cause);
        }
    }

    private void unbound(boolean served) {
        if (served) {
            try {
                settings.onUnbound().accept(this);
            } catch (Throwable thrown) {
                LOG.log(Level.WARNING, () -> "server=" + address + " doOnUnbound=failed", thrown);
            }
        }
    }

    // ---- for its owner: any thread ------------------------------------------------------------------------------

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public List<EngineStats> stats() {
        return loops.stream().map(ServerLoop::stats).toList();
    }

    @Override
    public void dispose() {
        dispose(settings.config().closeTimeout());
    }

    private void dispose(Duration timeout) {
        synchronized (this) {
            stopping = true;
        }
        loops.forEach(ServerLoop::drain);
        if (!over) {
            deadline.update(Schedulers.parallel().schedule(this::stop, timeout.toNanos(), TimeUnit.NANOSECONDS));
        }
    }

    @Override
    public void disposeNow() {
        disposeNow(settings.config().closeTimeout());
    }

    @Override
    public void disposeNow(Duration timeout) {
        if (Schedulers.isInNonBlockingThread()) {
            throw new IllegalStateException("disposeNow() would block " + Thread.currentThread().getName()
                    + ": use dispose() and onDispose()");
        }
        dispose(timeout);
        onDispose().onErrorComplete().block(timeout.plus(RESET_MAX));
    }

    @Override
    public boolean isDisposed() {
        return over;
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    /** Ends every loop at once; what is open is reset. */
    private void stop() {
        synchronized (this) {
            stopping = true;
        }
        loops.forEach(ServerLoop::stop);
    }
}
