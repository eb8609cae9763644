package io.hotpath.bench.load;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;

/** A connection on which every message is answered. */
abstract class RoundTrips extends Client {
    private final Dialogue dialogue;

    RoundTrips(Engine engine, Tally tally, TurnClock clock, Dialogue dialogue) {
        super(engine, tally, clock);
        this.dialogue = dialogue;
    }

    /** That many messages were answered at {@code now}. */
    abstract void answered(int count, long now);

    final void ask(int count) {
        connection().sendInPlace(dialogue.next(count), 0);
    }

    @Override
    public final void received(Connection from, long lease, int length) {
        int count = 0;
        try {
            count = dialogue.answered(engine.leases(), lease, length);
        } catch (LoadException wrong) {
            tally.fail(String.valueOf(wrong.getMessage()));
        }
        engine.leases().release(lease);
        tally.completed(count, length);
        if (count > 0) {
            answered(count, clock.now());
        }
    }

    /** A new connection of the same client. */
    final void restart() {
        dialogue.restart();
    }
}
