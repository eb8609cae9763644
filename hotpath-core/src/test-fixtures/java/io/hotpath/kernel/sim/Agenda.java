package io.hotpath.kernel.sim;

import java.util.Comparator;
import java.util.PriorityQueue;

/** Virtual time and what is going to happen in it. Events of the same instant run in the order they were added. */
final class Agenda {
    static final long NEVER = Long.MAX_VALUE;

    private record Event(long atNanos, long order, Runnable action) {}

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::atNanos).thenComparingLong(Event::order));
    private long order;

    /** The simulation's thread writes, any thread may read the time; pairs with nothing else. */
    private volatile long nowNanos = 1_000_000_000L;

    long now() {
        return nowNanos;
    }

    void add(long delayNanos, Runnable action) {
        if (delayNanos < 0) {
            throw new IllegalArgumentException("delayNanos is " + delayNanos + ", must not be negative");
        }
        events.add(new Event(nowNanos + delayNanos, order++, action));
    }

    /** When the next event is due, {@link #NEVER} without one. */
    long next() {
        Event event = events.peek();
        return event == null ? NEVER : event.atNanos;
    }

    /** Moves time forward and runs what is due on the way, each event at its own instant. */
    void advanceTo(long targetNanos) {
        while (next() <= targetNanos) {
            Event event = events.remove();
            nowNanos = Math.max(nowNanos, event.atNanos);
            event.action.run();
        }
        nowNanos = Math.max(nowNanos, targetNanos);
    }
}
