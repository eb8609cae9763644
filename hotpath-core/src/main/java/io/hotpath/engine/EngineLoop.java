package io.hotpath.engine;

import java.lang.System.Logger.Level;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens an engine on the thread that runs it and turns it until {@link #stop}. The thread is the caller's choice, so that
 * each layer above brings its own kind.
 */
public final class EngineLoop implements Runnable {
    private static final LoopLog LOG = LoopLog.of(EngineLoop.class);

    private final EngineConfig config;
    private final Function<EngineConfig, Engine> opener;
    private final Consumer<Engine> opened;
    private final Consumer<@Nullable Throwable> ended;
    private final CountDownLatch end = new CountDownLatch(1);

    /** Written by any thread, read by the loop in each turn. */
    private volatile boolean stopping;

    private boolean draining; // the loop thread's

    /** Written by the loop thread before {@code opened} is called, read by {@link #stop} in any thread. */
    private volatile @Nullable Engine engine;

    /** What ends the loop; loop thread. */
    private @Nullable Throwable failure;

    /**
     * @param opened runs on the loop thread once the engine is open; throwing ends the loop
     * @param ended  runs on the loop thread when the engine is closed, with what ended it, {@code null} if {@link #stop} did
     */
    public EngineLoop(EngineConfig config, Consumer<Engine> opened, Consumer<@Nullable Throwable> ended) {
        this(config, Engine::open, opened, ended);
    }

    /** On an engine that {@code opener} opens, on the loop thread; for tests. */
    EngineLoop(Supplier<Engine> opener, Consumer<Engine> opened, Consumer<@Nullable Throwable> ended) {
        this(EngineConfig.DEFAULT, config -> opener.get(), opened, ended);
    }

    private EngineLoop(
            EngineConfig config,
            Function<EngineConfig, Engine> opener,
            Consumer<Engine> opened,
            Consumer<@Nullable Throwable> ended) {
        this.config = config;
        this.opener = opener;
        this.opened = opened;
        this.ended = ended;
    }

    @Override
    public void run() {
        open(opener);
        boolean turned;
        do {
            turned = turn(-1);
        } while (turned);
    }

    /**
     * The first part of {@link #run}, for whoever turns the loop by hand, such as a simulation: opens the engine on the calling
     * thread, which is the loop's from here on.
     *
     * @param by opens the engine, {@code Engine::open} unless it is to stand on something else
     */
    public void open(Function<EngineConfig, Engine> by) {
        try {
            Engine open = by.apply(config);
            engine = open;
            opened.accept(open);
        } catch (Throwable thrown) {
            failure = thrown;
        }
    }

    /** Turns the engine once, or closes it if the loop was stopped or has failed; false from then on. Loop thread. */
    public boolean turn(long timeoutNanos) {
        Engine open = engine;
        boolean goesOn = open != null && failure == null && !stopping && (!draining || open.anythingOpen());
        if (open != null && goesOn) {
            try {
                open.run(timeoutNanos);
                return true;
            } catch (Throwable thrown) {
                LOG.log(Level.ERROR, "loop=died action=reset its connections", thrown);
                failure = thrown;
            }
        }
        if (end.getCount() > 0) {
            close(open);
        }
        return false;
    }

    private void close(@Nullable Engine open) {
        try {
            if (open != null) {
                open.close();
            }
        } catch (Throwable thrown) {
            LOG.log(Level.ERROR, "engine=close_failed", thrown);
            failure = failure == null ? thrown : failure;
        }
        try {
            ended.accept(failure);
        } finally {
            end.countDown();
        }
    }

    /**
     * Ends the loop without its clients noticing: its listeners {@link Listener#leave leave}, its connections go on until
     * they end by themselves. What is left after {@code timeoutNanos} is reset. Any thread; idempotent; {@link #stop} ends it
     * at once.
     *
     * @param handshakeNanos how long clients on the way here are still accepted, a few round trips of the network
     */
    public void drain(long handshakeNanos, long timeoutNanos) {
        Engine open = engine;
        if (open == null) {
            stop();
            return;
        }
        try {
            open.execute(() -> drain(open, handshakeNanos, timeoutNanos));
        } catch (RejectedExecutionException closed) {
            // over already
        }
    }

    private void drain(Engine open, long handshakeNanos, long timeoutNanos) {
        if (!draining) {
            draining = true;
            open.listeners.forEach(listener -> listener.leave(handshakeNanos));
            open.after(timeoutNanos, this::stop);
        }
    }

    /** Ends the loop after the present turn; its connections are reset. Any thread; idempotent. */
    public void stop() {
        stopping = true;
        Engine open = engine;
        if (open != null) {
            open.wakeup();
        }
    }

    /** Waits until the engine is closed. */
    public void await() throws InterruptedException {
        end.await();
    }

}
