package io.hotpath.engine;

import java.util.PriorityQueue;

/** Deadlines of one engine, soonest first. Loop thread. Coarse: they fire at the first turn after their time. */
final class Timers {
    private final PriorityQueue<Timer> queue =
            new PriorityQueue<>((a, b) -> Long.compare(a.deadlineNanos - b.deadlineNanos, 0));

    Timer at(long deadlineNanos, Runnable action) {
        Timer timer = new Timer(deadlineNanos, action);
        queue.add(timer);
        return timer;
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** Nanoseconds until the soonest, at least 0; {@code Long.MAX_VALUE} if there is none. */
    long untilNext(long nowNanos) {
        Timer first = queue.peek();
        return first == null ? Long.MAX_VALUE : Math.max(first.deadlineNanos - nowNanos, 0);
    }

    void run(long nowNanos) {
        for (Timer first = queue.peek(); first != null && first.deadlineNanos - nowNanos <= 0; first = queue.peek()) {
            queue.remove();
            first.action.run();
        }
    }

    void cancel(Timer timer) {
        queue.remove(timer);
    }

    /** One deadline. */
    static final class Timer {
        private final long deadlineNanos;
        private final Runnable action;

        private Timer(long deadlineNanos, Runnable action) {
            this.deadlineNanos = deadlineNanos;
            this.action = action;
        }
    }
}
