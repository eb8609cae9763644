package io.hotpath.bench.load;

import io.hotpath.engine.Engine;
import org.jspecify.annotations.Nullable;

/** Asks when its {@link Schedule} says, whatever came back; latency counts from when a message was due, not from when it went. */
final class OpenLoop extends RoundTrips {
    private final int index;
    private long asked;
    private long answered;
    private @Nullable Schedule schedule;

    OpenLoop(Engine engine, Tally tally, TurnClock clock, Dialogue dialogue, int index) {
        super(engine, tally, clock, dialogue);
        this.index = index;
    }

    @Override
    void begin() {}

    /** The next message is due. */
    void due(Schedule by) {
        schedule = by;
        asked++;
        ask(1);
    }

    @Override
    void answered(int count, long now) {
        Schedule by = schedule;
        for (int i = 0; i < count && by != null; i++) {
            tally.latency(now - by.dueNanos(index, answered));
            answered++;
        }
    }

    @Override
    boolean quiet() {
        return asked == answered;
    }
}
