package io.hotpath.bench.load;

/** The time, read once per turn of the engine however many messages the turn brings. */
final class TurnClock {
    private long nanos;
    private boolean read;

    long now() {
        if (!read) {
            nanos = System.nanoTime();
            read = true;
        }
        return nanos;
    }

    /** Time passes: the engine is about to wait. */
    void passes() {
        read = false;
    }
}
