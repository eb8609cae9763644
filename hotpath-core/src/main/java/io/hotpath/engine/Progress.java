package io.hotpath.engine;

import static io.hotpath.engine.Connection.DRAINING;
import static io.hotpath.engine.Connection.OPEN;

/**
 * How a connection got on between two looks at it, and since when its peer owes something. Times are those of the looks: a
 * clock starts at the first one that finds its reason, so that it never runs out early. Loop thread.
 */
final class Progress {
    /** What a connection has run out of. */
    enum Verdict {
        GOES_ON,
        NO_FIRST_BYTE,
        IDLE,
        NO_READ_PROGRESS,
        NO_WRITE_PROGRESS
    }

    private long bytesIn;
    private long bytesOut;
    private int sendProgress;
    private boolean asked;
    private boolean sending;
    private boolean owed;

    private long askedSince;
    private long writeSince;
    private long idleSince;

    /** The present period of read progress: when it began, and with how many bytes. */
    private long periodSince;

    private long periodBytes;

    Progress(Connection c, long now) {
        bytesIn = c.bytesIn;
        bytesOut = c.bytesOut;
        periodBytes = c.bytesIn;
        askedSince = now;
        idleSince = now;
        writeSince = now;
        periodSince = now;
    }

    /** Looks at {@code c}, which is open or drains. */
    Verdict look(Connection c, long now, Limits limits) {
        assert c.state == OPEN || c.state == DRAINING;
        boolean asks = c.engine.receiver.asks(c);
        boolean sends = c.outFirst != null;
        boolean owes = asks || sends || halfClosed(c);
        boolean received = c.bytesIn != bytesIn;
        boolean sent = sentSome(c, sends);
        if (received || !asks || !asked) {
            askedSince = now;
        }
        if (!asks || !asked) {
            beginPeriod(c, now);
        }
        if (sent || !sends || !sending) {
            writeSince = now;
        }
        if (received || sent || !owes || !owed) {
            idleSince = now;
        }
        bytesIn = c.bytesIn;
        bytesOut = c.bytesOut;
        asked = asks;
        sending = sends;
        owed = owes;
        return verdict(c, now, limits);
    }

    /** The peer sends no more, and nothing of what it sent is in the application's hands. */
    private static boolean halfClosed(Connection c) {
        return c.endReported && c.state == OPEN && c.lent == 0;
    }

    /** Whether the peer has taken bytes, also of a send that has not completed. */
    private boolean sentSome(Connection c, boolean sends) {
        boolean sent = c.bytesOut != bytesOut;
        if (sends) {
            int progress = c.engine.kernel().sockets().sendProgress(c.fd);
            sent |= progress != sendProgress;
            sendProgress = progress;
        }
        return sent;
    }

    private Verdict verdict(Connection c, long now, Limits limits) {
        if (now - writeSince >= limits.writeProgressNanos()) {
            return Verdict.NO_WRITE_PROGRESS;
        }
        if (c.bytesIn == 0 && !c.outgoing && now - askedSince >= limits.firstByteNanos()) {
            return Verdict.NO_FIRST_BYTE;
        }
        if (now - idleSince >= limits.idleNanos()) {
            return Verdict.IDLE;
        }
        if (now - periodSince >= limits.readProgressNanos()) {
            if (c.bytesIn - periodBytes < limits.readProgressBytes()) {
                return Verdict.NO_READ_PROGRESS;
            }
            beginPeriod(c, now);
        }
        return Verdict.GOES_ON;
    }

    private void beginPeriod(Connection c, long now) {
        periodSince = now;
        periodBytes = c.bytesIn;
    }
}
