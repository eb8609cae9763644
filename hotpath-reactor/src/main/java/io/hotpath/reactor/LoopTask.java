package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineTimer;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/** One task of a {@link LoopScheduler}: runs on the loop, once or again and again, until it is disposed. */
final class LoopTask implements Runnable, Disposable {
    private final Engine engine;
    private final Runnable task;

    /** Whether it waits for a time, so that something may have to be cancelled. */
    private final boolean timed;

    /** 0 for once. */
    private final long periodNanos;

    /** What it leaves when it is over. */
    private final Disposable.@Nullable Composite worker;

    /** Set once, by any thread that disposes it, by the loop when it ran for the last time. */
    private volatile boolean over;

    // loop thread
    private long atNanos;
    private @Nullable EngineTimer timer;

    LoopTask(
            Engine engine, Runnable task, boolean timed, long periodNanos, Disposable.@Nullable Composite worker) {
        this.engine = engine;
        this.task = task;
        this.timed = timed;
        this.periodNanos = periodNanos;
        this.worker = worker;
    }

    /**
     * Waits until {@code nanos} of the engine's clock. Loop thread.
     *
     * @throws RejectedExecutionException if the engine is closed
     */
    void arm(long nanos) {
        if (!over) {
            atNanos = nanos;
            timer = engine.schedule(Math.max(nanos - engine.nanoTime(), 0), this);
        }
    }

    /** As {@link #arm}; nobody is left to tell that the engine is closed. */
    void armOrEnd(long nanos) {
        try {
            arm(nanos);
        } catch (RejectedExecutionException ended) {
            end();
        }
    }

    @Override
    public void run() {
        timer = null;
        if (over) {
            return;
        }
        if (periodNanos == 0) {
            end(); // first, so that the task sees itself as over
        }
        try {
            task.run();
        } catch (Throwable thrown) {
            end();
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
        }
        if (periodNanos > 0) {
            armOrEnd(next());
        }
    }

    /** At a fixed rate; what a slow loop missed is left out. */
    private long next() {
        long late = engine.nanoTime() - atNanos;
        return atNanos + (late / periodNanos + 1) * periodNanos;
    }

    private void end() {
        over = true;
        if (worker != null) {
            worker.remove(this);
        }
    }

    @Override
    public void dispose() {
        if (over) {
            return;
        }
        end();
        if (!timed) {
            return;
        }
        if (engine.inLoop()) {
            cancel();
        } else {
            try {
                engine.execute(this::cancel); // or its timer would keep it until its time
            } catch (RejectedExecutionException ended) {
                // nothing keeps it any more
            }
        }
    }

    private void cancel() {
        EngineTimer armed = timer;
        if (armed != null) {
            timer = null;
            armed.cancel();
        }
    }

    @Override
    public boolean isDisposed() {
        return over;
    }
}
