package io.hotpath.reactor;

import io.hotpath.engine.EngineStats;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
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
import reactor.util.context.Context;

/** One bind of a {@link HotpathServer}: its loops, from the first that starts to the last that ends. */
final class RunningServer implements BoundServer {
    private static final System.Logger LOG = System.getLogger(HotpathServer.class.getName());

    /** The reset connections and the rings may take this long to close. */
    private static final Duration RESET_MAX = Duration.ofSeconds(10);

    private final ServerSettings settings;
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
    private @Nullable UnixPath path;

    /** Set by the first loop that binds, read by any thread. */
    private volatile SocketAddress address;

    /** Set by the last loop that ends. */
    private volatile boolean over;

    RunningServer(ServerSettings settings, SocketAddress wanted, MonoSink<BoundServer> sink) {
        if (wanted instanceof UnixDomainSocketAddress && settings.loops > 1) {
            throw new IllegalArgumentException("a Unix domain socket cannot be shared by " + settings.loops
                    + " loops: use loops(1)");
        }
        this.settings = settings;
        this.sink = sink;
        address = wanted;
        running = settings.loops;
        SharedAddress sockets = new SharedAddress(settings.loops, SocketOptions.ofListener(settings.options));
        Context context = Context.of(sink.contextView());
        for (int rail = 0; rail < settings.loops; rail++) {
            loops.add(new ServerLoop(this, settings, new Binding(sockets, rail, wanted, settings.backlog), context));
        }
    }

    void start() {
        sink.onCancel(this);
        loops.forEach(ServerLoop::start);
    }

    // ---- from its loops -----------------------------------------------------------------------------------------

    void listening(SocketAddress real) {
        address = real;
        synchronized (this) {
            if (path == null) {
                path = UnixPath.made(real);
            }
            if (++listening < settings.loops || stopping) {
                return;
            }
            bound = true;
        }
        settings.onBound.accept(this);
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
            dispose(); // a server that serves on some of its sockets would lose clients
        }
    }

    private void terminate() {
        deadline.dispose();
        over = true;
        boolean served;
        Throwable cause;
        UnixPath made;
        synchronized (this) {
            served = bound;
            cause = failure;
            made = path;
        }
        if (made != null) {
            made.delete();
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
                settings.onUnbound.accept(this);
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
        return loops.stream().flatMap(loop -> loop.stats().stream()).toList();
    }

    @Override
    public void forceUnhealthy() {
        loops.forEach(ServerLoop::forceUnhealthy);
    }

    @Override
    public void dispose() {
        synchronized (this) {
            stopping = true;
        }
        loops.forEach(ServerLoop::stop);
    }

    @Override
    public Mono<Void> disposeLater(Duration timeout) {
        return Mono.defer(() -> {
            drain(timeout);
            return onDispose();
        });
    }

    private void drain(Duration timeout) {
        synchronized (this) {
            stopping = true;
        }
        loops.forEach(ServerLoop::drain);
        if (!over) {
            long nanos = Math.max(0, timeout.toNanos());
            deadline.update(Schedulers.parallel().schedule(this::dispose, nanos, TimeUnit.NANOSECONDS));
        }
    }

    @Override
    public void disposeNow() {
        disposeNow(settings.config.closeTimeout());
    }

    @Override
    public void disposeNow(Duration timeout) {
        if (Schedulers.isInNonBlockingThread()) {
            throw new IllegalStateException("disposeNow() would block " + Thread.currentThread().getName()
                    + ": use disposeLater()");
        }
        disposeLater(timeout).onErrorComplete().block(timeout.plus(RESET_MAX));
    }

    @Override
    public boolean isDisposed() {
        return over;
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    @Override
    public String toString() {
        return "BoundServer[" + address + (over ? ", disposed]" : "]");
    }
}
