package io.hotpath.reactor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Loops that begin when the last of them listens. If one ends before that, none begins and all end as it did. Any thread. */
final class StartTogether {
    private final List<StreamLoop> loops;
    private int missing;
    private boolean ended;
    private @Nullable Throwable failure;

    StartTogether(int count) {
        loops = new ArrayList<>(count);
        missing = count;
    }

    void add(StreamLoop loop) {
        loops.add(loop);
    }

    void open() {
        loops.forEach(StreamLoop::open);
    }

    /** One more loop listens. */
    synchronized void listens() {
        if (--missing == 0 && !ended) {
            loops.forEach(StreamLoop::begin);
        }
    }

    /** A loop ends that has not begun, because of {@code cause} if there is one. Returns what all of them end with. */
    synchronized @Nullable Throwable endsBefore(@Nullable Throwable cause) {
        if (!ended) {
            ended = true;
            failure = cause;
            loops.forEach(StreamLoop::abandon);
        }
        return failure;
    }
}
