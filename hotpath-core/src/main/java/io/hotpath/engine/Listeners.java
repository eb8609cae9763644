package io.hotpath.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The listeners of an engine by their index, which a completion names. Loop thread. */
final class Listeners {
    private final List<@Nullable Listener> table = new ArrayList<>();
    private final Consumer<Listener> advanceStep = Listener::advance;
    private boolean changed;

    /** An index for a listener that {@link #set} places there; nothing of one that was there before is in flight. */
    int free() {
        int index = table.indexOf(null);
        if (index < 0) {
            index = table.size();
            table.add(null);
        }
        return index;
    }

    void set(int index, Listener listener) {
        table.set(index, listener);
    }

    void remove(int index) {
        table.set(index, null);
    }

    Listener get(int index) {
        return Objects.requireNonNull(table.get(index));
    }

    boolean isEmpty() {
        return table.stream().allMatch(Objects::isNull);
    }

    /** One of them has a step to take in the next turn. */
    void change() {
        changed = true;
    }

    boolean changed() {
        return changed;
    }

    /** Hands over who waits, as far as credit goes, and takes the next step of each one's life. */
    void advance() {
        changed = false;
        forEach(advanceStep);
    }

    void forEach(Consumer<Listener> action) {
        for (int i = 0; i < table.size(); i++) {
            Listener listener = table.get(i);
            if (listener != null) {
                action.accept(listener);
            }
        }
    }
}
