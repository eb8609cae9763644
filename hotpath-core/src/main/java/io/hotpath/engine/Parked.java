package io.hotpath.engine;

/** Received buffers that wait for demand, in their connection's list; small ones are packed together. Loop thread. */
final class Parked {
    /** Parked payloads up to this part of a buffer are packed together, so that tiny segments cannot pin whole buffers. */
    private static final int PACK_DIVISOR = 4;

    private final Engine engine;
    private final Leases leases;
    private final int bufferBytes;

    /** Parked buffers that could be the kernel's. */
    private int inRing;

    Parked(Engine engine, EngineConfig config) {
        this.engine = engine;
        leases = engine.leases();
        bufferBytes = config.bufferBytes();
    }

    /** {@code buffer} of {@code c} waits for demand. */
    void add(Connection c, int buffer) {
        int length = leases.lengthOf(buffer);
        int last = c.parkedLast;
        if (last >= 0 && !leases.inRing(last) && leases.room(last) >= length) {
            leases.append(last, leases.address(buffer), length);
            leases.drop(buffer);
            return;
        }
        int kept = length <= bufferBytes / PACK_DIVISOR ? leases.copyOut(buffer) : -1;
        link(c, kept >= 0 ? kept : buffer);
        if (c.demand > 0) {
            engine.reporter.ready(c); // only the engine's credit is missing, or its turn
        }
    }

    private void link(Connection c, int buffer) {
        leases.next(buffer, -1);
        if (c.parkedFirst < 0) {
            c.parkedFirst = buffer;
        } else {
            leases.next(c.parkedLast, buffer);
        }
        c.parkedLast = buffer;
        if (leases.inRing(buffer)) {
            inRing++;
            engine.relief.holds(c);
        }
    }

    /** The oldest. */
    int remove(Connection c) {
        int buffer = c.parkedFirst;
        c.parkedFirst = leases.next(buffer);
        if (c.parkedFirst < 0) {
            c.parkedLast = -1;
        }
        inRing -= leases.inRing(buffer) ? 1 : 0;
        return buffer;
    }

    void drop(Connection c) {
        while (c.parkedFirst >= 0) {
            leases.drop(remove(c));
        }
    }

    boolean holdsRingBuffers() {
        return inRing > 0;
    }

    /** Moves parked bytes of {@code c} out of ring buffers; returns whether some are left there for want of copy memory. */
    boolean copyOut(Connection c) {
        int previous = -1;
        for (int buffer = c.parkedFirst; buffer >= 0; buffer = leases.next(buffer)) {
            if (leases.inRing(buffer)) {
                int following = leases.next(buffer);
                int copy = leases.copyOut(buffer);
                if (copy < 0) {
                    return true;
                }
                inRing--;
                leases.next(copy, following);
                if (previous < 0) {
                    c.parkedFirst = copy;
                } else {
                    leases.next(previous, copy);
                }
                if (following < 0) {
                    c.parkedLast = copy;
                }
                buffer = copy;
            }
            previous = buffer;
        }
        return false;
    }
}
