package io.hotpath.engine;

import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Deadlines of one engine, soonest first. Loop thread. Coarse: they fire at the first turn after their time.
 *
 * <p>Most deadlines are cancelled, so that is cheap: a cancelled one stays in the queue without its action until it comes
 * up, or until half of the queue is like it.
 */
final class Timers {
    /** Deadlines are compared by their difference, which must fit: also that to one which is overdue. */
    static final long DELAY_NANOS_MAX = Long.MAX_VALUE / 2;

    private static final int SWEEP_MIN = 64;

    private final PriorityQueue<Timer> queue =
            new PriorityQueue<>((a, b) -> Long.compare(a.deadlineNanos - b.deadlineNanos, 0));

    private int cancelled;

    Timer at(long deadlineNanos, Runnable action) {
        Timer timer = new Timer(this, deadlineNanos, action);
        queue.add(timer);
        return timer;
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** Nanoseconds until the soonest, at least 0; {@code Long.MAX_VALUE} if there is none. */
    long untilNext(long nowNanos) {
        Timer first = first();
        return first == null ? Long.MAX_VALUE : Math.max(first.deadlineNanos - nowNanos, 0);
    }

    void run(long nowNanos) {
        for (Timer first = first(); first != null && first.deadlineNanos - nowNanos <= 0; first = first()) {
            queue.remove();
            Runnable action = first.action;
            first.action = null;
            if (action != null) {
                action.run();
            }
        }
    }

    /** Idempotent, also after it fired. */
    void cancel(Timer timer) {
        if (timer.action != null) {
            timer.action = null;
            cancelled++;
            if (cancelled > SWEEP_MIN && cancelled > queue.size() / 2) {
                queue.removeIf(each -> each.action == null);
                cancelled = 0;
            }
        }
    }

    private @Nullable Timer first() {
        Timer first = queue.peek();
        while (first != null && first.action == null) {
            queue.remove();
            cancelled--;
            first = queue.peek();
        }
        return first;
    }

    /** One deadline. */
    static final class Timer implements EngineTimer {
        private final Timers timers;
        private final long deadlineNanos;

        /** Null once it fired or was cancelled. */
        private @Nullable Runnable action;

        private Timer(Timers timers, long deadlineNanos, Runnable action) {
            this.timers = timers;
            this.deadlineNanos = deadlineNanos;
            this.action = action;
        }

        @Override
        public void cancel() {
            timers.cancel(this);
        }
    }
}
