package io.hotpath.reactor;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.Listener;
import io.hotpath.engine.ListenerHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

/** One subscription of a {@link CompletionStream}: its loop, its engine, its demand. */
final class StreamLoop extends ConnectionReports implements Subscription, Bound, ListenerHandler {
    private static final System.Logger LOG = System.getLogger(CompletionStream.class.getName());
    private static final AtomicLongFieldUpdater<StreamLoop> REQUESTED =
            AtomicLongFieldUpdater.newUpdater(StreamLoop.class, "requested");

    private final Binding binding;
    private final Consumer<Bound> onBound;
    private final @Nullable StartTogether together;
    private final EngineLoop loop;
    private final Sinks.Empty<Void> closed = Sinks.empty();

    /** Demand that the engine does not know of yet. Any thread adds, the loop thread takes all. */
    @SuppressWarnings("unused") // through REQUESTED
    private volatile long requested;

    /** Any thread sets it, once. */
    private volatile boolean cancelled;

    /** Written by the loop thread before it takes the first demand; a requester adds first and reads it second. */
    private volatile @Nullable Engine engine;

    private volatile @Nullable SocketAddress address;

    /** Set by any thread that asked for no demand at all, read by the loop when it opens. */
    private volatile @Nullable IllegalArgumentException badDemand;

    /** Set by the loop thread as its last act. */
    private volatile boolean over;

    /** Nobody after the last signal: a {@link Bound} that is kept must not keep the subscriber. Loop thread, once it runs. */
    private CoreSubscriber<? super HotpathEvent> actual;

    // loop thread
    private boolean subscribed;
    private int live;
    private boolean disposing;
    private boolean stopping;
    private @Nullable Throwable failure;

    StreamLoop(
            CoreSubscriber<? super HotpathEvent> actual,
            EngineConfig config,
            Binding binding,
            Consumer<Bound> onBound,
            @Nullable StartTogether together) {
        this.actual = actual;
        this.binding = binding;
        this.onBound = onBound;
        this.together = together;
        loop = new EngineLoop(config, this::opened, this::ended);
    }

    /** Subscribes and opens; for a loop that starts alone. */
    void start() {
        subscribed = true;
        actual.onSubscribe(this);
        if (cancelled) {
            binding.leave();
        } else {
            HotpathThread.start(loop);
        }
    }

    /** Opens without a word to the subscriber before {@link #begin}. */
    void open() {
        HotpathThread.start(loop);
    }

    /** All loops that start together listen. */
    void begin() {
        try {
            Objects.requireNonNull(engine).execute(this::subscribeNow);
        } catch (RejectedExecutionException over) {
            // it has ended meanwhile, and says so itself
        }
    }

    /** Another loop ended before all of them listened. */
    void abandon() {
        loop.stop();
    }

    private void subscribeNow() {
        subscribed = true;
        try {
            actual.onSubscribe(this);
        } catch (Throwable thrown) {
            fail(thrown);
        }
    }

    // ---- the subscriber's side: any thread ----------------------------------------------------------------------

    @Override
    public void request(long n) {
        if (cancelled) {
            return;
        }
        if (n <= 0) {
            badDemand = new IllegalArgumentException(
                    "demand is " + n + ", must be at least 1 (Reactive Streams 3.9)");
            onLoop(this::passDemand);
        } else if (Operators.addCap(REQUESTED, this, n) == 0) {
            onLoop(this::passDemand); // whoever finds demand there already is served by who put it there
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
        loop.stop();
    }

    /** Before the engine is open nothing is lost: {@link #opened} passes the demand and looks at the rest. */
    private void onLoop(Runnable action) {
        Engine open = engine;
        if (open == null) {
            return;
        }
        if (open.inLoop()) {
            action.run();
            return;
        }
        try {
            open.execute(action);
        } catch (RejectedExecutionException ended) {
            // nothing to ask for any more
        }
    }

    // ---- bound: any thread --------------------------------------------------------------------------------------

    @Override
    public SocketAddress address() {
        return Objects.requireNonNull(address);
    }

    @Override
    public EngineStats stats() {
        return Objects.requireNonNull(engine).stats();
    }

    @Override
    public void forceUnhealthy() {
        onLoop(() -> Objects.requireNonNull(engine).forceUnhealthy());
    }

    @Override
    public void dispose() {
        onLoop(() -> {
            if (!disposing) {
                disposing = true;
                Objects.requireNonNull(engine).shutdown();
                stopIfEmpty();
            }
        });
    }

    @Override
    public boolean isDisposed() {
        return over;
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    // ---- life: loop thread --------------------------------------------------------------------------------------

    private void opened(Engine open) {
        if (cancelled) {
            return;
        }
        open.requireCredit();
        try {
            address = binding.listen(open, this).address();
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
        engine = open;
        onBound.accept(this);
        if (together == null) {
            passDemand();
        } else {
            together.listens();
        }
    }

    private void passDemand() {
        IllegalArgumentException bad = badDemand;
        if (bad != null) {
            fail(bad);
            return;
        }
        long n = REQUESTED.getAndSet(this, 0);
        if (n > 0 && !stopping) {
            Objects.requireNonNull(engine).request(n);
        }
    }

    private void stopIfEmpty() {
        if (disposing && live == 0) {
            stopping = true;
            loop.stop();
        }
    }

    private void fail(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        stopping = true;
        loop.stop();
    }

    private void ended(@Nullable Throwable cause) {
        over = true;
        binding.leave();
        try {
            Throwable end = failure == null ? cause : failure;
            if (subscribed || together == null) {
                terminate(end);
            } else {
                terminateUnsubscribed(together.endsBefore(end));
            }
        } catch (Throwable thrown) {
            LOG.log(Level.WARNING, "subscriber=failed at=end", thrown); // nobody is left to hear of it
        }
        actual = Operators.emptySubscriber();
        closed.tryEmitEmpty();
    }

    private void terminate(@Nullable Throwable end) {
        if (cancelled) {
            if (end != null) {
                Operators.onErrorDropped(unwrap(end), actual.currentContext());
            }
        } else if (end == null) {
            actual.onComplete();
        } else {
            actual.onError(unwrap(end));
        }
    }

    private void terminateUnsubscribed(@Nullable Throwable end) {
        if (end == null) {
            Operators.complete(actual);
        } else {
            Operators.error(actual, unwrap(end));
        }
    }

    private static Throwable unwrap(Throwable cause) {
        return cause instanceof UncheckedIOException wrapped ? Objects.requireNonNull(wrapped.getCause()) : cause;
    }

    // ---- reports: loop thread -----------------------------------------------------------------------------------

    private boolean emits() {
        return !cancelled && !stopping;
    }

    /** Returns whether the subscriber has it now. */
    @Override
    boolean event(HotpathEvent event) {
        if (!emits()) {
            return false;
        }
        try {
            actual.onNext(event);
            return true;
        } catch (Throwable thrown) {
            LOG.log(Level.DEBUG, "subscriber=failed", thrown);
            fail(thrown);
            return false;
        }
    }

    @Override
    public void accepted(Connection connection) {
        if (!emits()) {
            connection.reset();
            return;
        }
        live++;
        HotpathConnection own = view(connection, this);
        event(new HotpathEvent.Accept(address(), own));
    }

    @Override
    public void listenerClosed(Listener listener, int errno) {
        if (errno != 0) {
            fail(new IOException("accepting on " + listener.address() + " failed: " + Errno.text(errno)));
        }
    }

    @Override
    void gone(HotpathConnection own, int errno) {
        live--;
        event(new HotpathEvent.Close(own, Failures.of(errno)));
        stopIfEmpty();
    }
}
