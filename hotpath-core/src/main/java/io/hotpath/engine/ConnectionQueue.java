package io.hotpath.engine;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Connections that wait for a step of the turn, in order. Walking steals the whole queue first, so that what is added
 * meanwhile waits for the next walk. Bounded by the number of connections: each is in a queue at most once.
 */
final class ConnectionQueue {
    private @Nullable Connection[] items = new Connection[16];
    private @Nullable Connection[] spare = new Connection[16];
    private int size;

    void add(Connection connection) {
        if (size == items.length) {
            items = Arrays.copyOf(items, size * 2);
        }
        items[size++] = connection;
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    @Nullable
    Connection last() {
        return size == 0 ? null : items[size - 1];
    }

    void drain(Step step) {
        @Nullable Connection[] stolen = items;
        int count = size;
        items = spare;
        size = 0;
        for (int i = 0; i < count; i++) {
            Connection connection = Objects.requireNonNull(stolen[i]);
            stolen[i] = null;
            step.take(connection);
        }
        spare = stolen;
    }

    /** What happens to each. */
    interface Step {
        void take(Connection connection);
    }
}
