package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.Exceptions;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * A loop as a {@code Scheduler}. It has no state but the engine's, so there may be many of one loop, and disposing one does
 * nothing: the loop is its owner's to end. Any thread.
 */
final class LoopScheduler implements Scheduler {
    /** What the engine's clock is behind the time of day, near enough for time stamps. */
    private static final long EPOCH_NANOS = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis())
            - System.nanoTime();

    private final Engine engine;

    LoopScheduler(Engine engine) {
        this.engine = engine;
    }

    @Override
    public Disposable schedule(Runnable task) {
        return execute(task, null);
    }

    @Override
    public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
        return delay <= 0 ? execute(task, null) : after(task, unit.toNanos(delay), 0, null);
    }

    @Override
    public Disposable schedulePeriodically(Runnable task, long initialDelay, long period, TimeUnit unit) {
        return after(task, unit.toNanos(initialDelay), requirePeriod(unit.toNanos(period)), null);
    }

    @Override
    public Worker createWorker() {
        return new LoopWorker();
    }

    /** The time of day by the loop's clock, which moves evenly: it does not follow corrections of the host's. */
    @Override
    public long now(TimeUnit unit) {
        return unit.convert(EPOCH_NANOS + engine.nanoTime(), TimeUnit.NANOSECONDS);
    }

    /** Does nothing. */
    @Override
    public void dispose() {}

    private static long requirePeriod(long nanos) {
        if (nanos <= 0) {
            throw new IllegalArgumentException("period is " + nanos + " ns, must be more than 0");
        }
        return nanos;
    }

    private LoopTask execute(Runnable task, Disposable.@Nullable Composite worker) {
        LoopTask scheduled = new LoopTask(engine, Schedulers.onSchedule(task), false, 0, worker);
        enter(worker, scheduled, scheduled);
        return scheduled;
    }

    /** Counts from now on, wherever it is called; the loop hears of it in its next turn. */
    private LoopTask after(
            Runnable task, long delayNanos, long periodNanos,
            Disposable.@Nullable Composite worker) {
        LoopTask scheduled = new LoopTask(engine, Schedulers.onSchedule(task), true, periodNanos, worker);
        long at = engine.nanoTime() + Math.max(delayNanos, 0);
        if (engine.inLoop()) {
            enter(worker, scheduled, null);
            try {
                scheduled.arm(at);
            } catch (RejectedExecutionException ended) {
                throw refused(scheduled, ended);
            }
        } else {
            enter(worker, scheduled, () -> scheduled.armOrEnd(at));
        }
        return scheduled;
    }

    private void enter(
            Disposable.@Nullable Composite worker, LoopTask scheduled,
            @Nullable Runnable first) {
        if (worker != null && !worker.add(scheduled)) {
            throw Exceptions.failWithRejected();
        }
        if (first != null) {
            try {
                engine.execute(first);
            } catch (RejectedExecutionException ended) {
                throw refused(scheduled, ended);
            }
        }
    }

    private static RejectedExecutionException refused(LoopTask scheduled, RejectedExecutionException cause) {
        scheduled.dispose();
        return Exceptions.failWithRejected(cause);
    }

    /** Tasks that are disposed together. */
    private final class LoopWorker implements Worker {
        private final Disposable.Composite tasks = Disposables.composite();

        @Override
        public Disposable schedule(Runnable task) {
            return execute(task, tasks);
        }

        @Override
        public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
            return delay <= 0 ? execute(task, tasks) : after(task, unit.toNanos(delay), 0, tasks);
        }

        @Override
        public Disposable schedulePeriodically(Runnable task, long initialDelay, long period, TimeUnit unit) {
            return after(task, unit.toNanos(initialDelay), requirePeriod(unit.toNanos(period)), tasks);
        }

        @Override
        public void dispose() {
            tasks.dispose();
        }

        @Override
        public boolean isDisposed() {
            return tasks.isDisposed();
        }
    }
}
