package io.hotpath.engine;

import io.hotpath.ring.UserData;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Connections by slot. A slot's generation moves on with each of its connections, so late completions find nobody. */
final class SlotTable {
    private final int max;
    private @Nullable Connection[] table = new Connection[64];
    private int[] generations = new int[64];
    private int[] free = new int[64];
    private int freeCount;
    private int touched;

    SlotTable(int max) {
        this.max = max;
    }

    /** The connection that a completion belongs to, or {@code null} if it is over. */
    @Nullable
    Connection find(long userData) {
        int slot = UserData.slot(userData);
        Connection connection = slot < touched ? table[slot] : null;
        return connection != null && (connection.generation & UserData.GENERATION_MASK) == UserData.generation(userData)
                ? connection
                : null;
    }

    /** A new connection for {@code fd}, or {@code null} if there are {@code max} already. */
    @Nullable
    Connection occupy(Engine engine, int fd, byte state) {
        int slot;
        if (freeCount > 0) {
            slot = free[--freeCount];
        } else if (touched < max) {
            slot = touched++;
            if (slot == table.length) {
                table = Arrays.copyOf(table, slot * 2);
                generations = Arrays.copyOf(generations, slot * 2);
                free = Arrays.copyOf(free, slot * 2);
            }
        } else {
            return null;
        }
        Connection connection = new Connection(engine, slot, generations[slot], fd, state);
        table[slot] = connection;
        return connection;
    }

    void vacate(Connection connection) {
        int slot = connection.slot;
        assert table[slot] == connection;
        assert connection.inFlight == 0 : connection + " has " + connection.inFlight + " in flight";
        table[slot] = null;
        generations[slot]++;
        free[freeCount++] = slot;
    }

    int count() {
        return touched - freeCount;
    }

    /** The same for the slots {@code [from, from + count)}; returns the slot to go on from, or -1 at the end. */
    int forSome(int from, int count, Consumer<Connection> action) {
        int end = Math.min(from + count, touched);
        for (int slot = from; slot < end; slot++) {
            Connection connection = table[slot];
            if (connection != null) {
                action.accept(connection);
            }
        }
        return end < touched ? end : -1;
    }

    void forEach(Consumer<Connection> action) {
        for (int slot = 0; slot < touched; slot++) {
            Connection connection = table[slot];
            if (connection != null) {
                action.accept(connection);
            }
        }
    }
}
