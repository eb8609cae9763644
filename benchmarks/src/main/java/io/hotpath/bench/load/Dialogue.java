package io.hotpath.bench.load;

import io.hotpath.engine.Leases;
import java.lang.foreign.MemorySegment;

/** What one connection says, and how it sees that it was answered. */
interface Dialogue {
    /** The bytes of the next {@code count} messages, in native memory that stays as it is. */
    MemorySegment next(int count);

    /**
     * How many messages are answered with these bytes.
     *
     * @throws LoadException if they are not what the server is to answer
     */
    int answered(Leases leases, long lease, int length);

    /** A new connection begins. */
    void restart();
}
