package io.hotpath.bench.load;

import io.hotpath.engine.Engine;
import java.util.Arrays;

/** Keeps a number of messages in flight: what was answered is asked again, all of it in one send. */
final class ClosedLoop extends RoundTrips {
    private final long[] askedNanos;
    private final boolean repeats;
    private int oldest;
    private int waiting;

    /** @param repeats false to ask once and stay quiet */
    ClosedLoop(Engine engine, Tally tally, TurnClock clock, Dialogue dialogue, int inFlight, boolean repeats) {
        super(engine, tally, clock, dialogue);
        askedNanos = new long[inFlight];
        this.repeats = repeats;
    }

    @Override
    void begin() {
        Arrays.fill(askedNanos, clock.now());
        waiting = askedNanos.length;
        ask(waiting);
    }

    @Override
    void answered(int count, long now) {
        for (int i = 0; i < count; i++) {
            tally.latency(now - askedNanos[oldest]);
            askedNanos[oldest] = now;
            oldest = oldest + 1 == askedNanos.length ? 0 : oldest + 1;
        }
        if (repeats && !tally.ending()) {
            ask(count);
        } else {
            waiting -= count;
        }
    }

    @Override
    boolean quiet() {
        return waiting == 0;
    }
}
