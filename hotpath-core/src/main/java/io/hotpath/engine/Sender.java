package io.hotpath.engine;

import static io.hotpath.engine.Connection.DRAINING;
import static io.hotpath.engine.Connection.OPEN;

import io.hotpath.Errno;
import io.hotpath.ring.Gather;
import io.hotpath.ring.Ring;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How connections send: calls queue pieces, and right before the next enter each connection with something to send and
 * nothing in flight submits all of it as one send. Loop thread.
 */
final class Sender {
    /** Pieces of one submission; more wait for the next. */
    private static final int PIECES_MAX = 64;

    private final Engine engine;
    private final Leases leases;
    private final Counters counters;
    private final Reporter reporter;
    private final OutboundPool pool;
    private final ConnectionQueue dirty = new ConnectionQueue();
    private final ConnectionQueue.Step submitStep = this::submit;
    private final int pauseBytes;

    /** Ring buffers that submitted sends still read. */
    private int inFlightInRing;

    Sender(Engine engine, OutboundPool pool, EngineConfig config) {
        this.engine = engine;
        leases = engine.leases();
        counters = engine.counters;
        reporter = engine.reporter;
        this.pool = pool;
        pauseBytes = config.outboundPauseBytes();
    }

    /** {@code c} has something to send. */
    void queue(Connection c) {
        if (!c.inDirty && c.sending == 0) {
            c.inDirty = true;
            dirty.add(c);
        }
    }

    // ---- submissions --------------------------------------------------------------------------------------------

    /** Submits for each connection that has something to send; right before the enter. */
    void submitAll() {
        if (!dirty.isEmpty()) {
            dirty.drain(submitStep);
        }
    }

    /** The same for one connection, before the turn gets there. */
    void submitNow(Connection c) {
        if (c.inDirty) {
            submit(c);
            c.inDirty = true; // it stays in the queue
            engine.ring().submit(); // a ring that breaks here says so at the next enter
        }
    }

    boolean hasWork() {
        return !dirty.isEmpty();
    }

    private void submit(Connection c) {
        c.inDirty = false;
        if (c.sending > 0 || (c.state != OPEN && c.state != DRAINING)) {
            return;
        }
        consume(c, 0); // empty and refused calls at the head are over
        Outbound first = c.outFirst;
        if (first == null) {
            drained(c);
            return;
        }
        if (leases.scarce()) {
            copyQueuedOut(c);
        }
        Ring ring = engine.ring();
        long userData = c.userData(Ops.SEND);
        Outbound following = first.runEnd();
        if (following == null || ring.gather().room() < 2) {
            int bytes = first.runBytes(following);
            ring.prepSend(c.fd, first.address, bytes, userData);
            c.sending = first.runPieces(following);
            c.sendingBytes = bytes;
        } else {
            c.sending = gather(c, ring.gather());
            ring.prepSendGathered(c.fd, userData);
        }
        c.inFlight++;
        c.prepared = ring.prepared();
        int inRing = ringBuffers(c);
        if (inRing > 0) {
            inFlightInRing += inRing;
            engine.relief.holds(c);
        }
    }

    private int gather(Connection c, Gather gather) {
        int room = Math.min(gather.room(), PIECES_MAX);
        long total = 0;
        int pieces = 0;
        gather.begin();
        Outbound from = c.outFirst;
        for (int i = 0; from != null && i < room && total < Outbound.RUN_BYTES_MAX; i++) {
            Outbound following = from.runEnd();
            int bytes = from.runBytes(following);
            gather.add(from.address, bytes);
            total += bytes;
            pieces += from.runPieces(following);
            from = following;
        }
        c.sendingBytes = total;
        return pieces;
    }

    private int ringBuffers(Connection c) {
        int count = 0;
        Outbound piece = c.outFirst;
        for (int i = 0; i < c.sending && piece != null; i++) {
            count += piece.buffer >= 0 && leases.inRing(piece.buffer) ? 1 : 0;
            piece = piece.next;
        }
        return count;
    }

    // ---- completions --------------------------------------------------------------------------------------------

    void completed(Connection c, int result) {
        c.inFlight--;
        inFlightInRing -= ringBuffers(c);
        c.sending = 0;
        counters.sends++;
        boolean cancelled = c.sendCancelling;
        c.sendCancelling = false;
        if (result >= 0) {
            counters.bytesOut += result;
            c.bytesOut += result;
            counters.sendShort += result < c.sendingBytes ? 1 : 0;
            consume(c, result);
        } else if (!(result == -Errno.ECANCELED && cancelled) && result != -Errno.EINTR && result != -Errno.EAGAIN) {
            engine.closer.fail(c, -result);
        }
        if (c.outFirst == null || c.state > DRAINING) {
            engine.receiver.outputDrained(c);
            drained(c);
        } else {
            queue(c);
        }
        if (c.paused && c.outboundBytes <= pauseBytes / 2) {
            c.paused = false;
            engine.receiver.resume(c);
        }
    }

    /** {@code bytes} of the queue went out; whole pieces leave it, the rest is continued from where it stopped. */
    private void consume(Connection c, long bytes) {
        long left = bytes;
        Outbound piece = c.outFirst;
        while (piece != null && piece.length <= left) {
            left -= piece.length;
            c.outboundBytes -= piece.length;
            piece = remove(c, piece);
        }
        if (left > 0) {
            Outbound rest = Objects.requireNonNull(piece);
            rest.address += left;
            rest.length -= (int) left;
            c.outboundBytes -= left;
        }
    }

    private @Nullable Outbound remove(Connection c, Outbound piece) {
        Outbound following = piece.next;
        c.outFirst = following;
        if (following == null) {
            c.outLast = null;
        }
        if (piece.buffer >= 0) {
            leases.drop(piece.buffer);
        }
        if (piece.end) {
            done(c, piece);
        } else {
            pool.give(piece);
        }
        return following;
    }

    private void drained(Connection c) {
        if (c.outputEnded && c.state == OPEN) {
            engine.closer.sendEnd(c);
        } else if (c.state != OPEN) {
            engine.closer.later(c);
        }
    }

    /** Nothing of the queue will go out any more. No send is in flight. */
    void discard(Connection c, int errno) {
        assert c.sending == 0;
        long unsent = 0;
        for (Outbound piece = c.outFirst; piece != null;) {
            c.outboundBytes -= piece.length;
            unsent += piece.length;
            if (piece.end) {
                piece.callBytes -= unsent;
                piece.errno = piece.errno == 0 ? errno : piece.errno;
                unsent = 0;
            }
            piece = remove(c, piece);
        }
        assert c.outboundBytes == 0 : c.outboundBytes;
    }

    // ---- reports ------------------------------------------------------------------------------------------------

    /** A send call is over: its news waits to be reported. */
    void done(Connection c, Outbound piece) {
        piece.next = null;
        piece.pin = null;
        piece.buffer = -1;
        if (c.doneLast == null) {
            c.doneFirst = piece;
        } else {
            c.doneLast.next = piece;
        }
        c.doneLast = piece;
        reporter.ready(c);
    }

    /** Reports send calls that are over, as far as credit goes; true if none is left. */
    boolean report(Connection c) {
        for (Outbound piece = c.doneFirst; piece != null; piece = c.doneFirst) {
            if (!reporter.hasCredit(c)) {
                return false;
            }
            c.doneFirst = piece.next;
            if (c.doneFirst == null) {
                c.doneLast = null;
            }
            long token = piece.token;
            long bytes = piece.callBytes;
            int errno = piece.errno;
            pool.give(piece);
            reporter.takeCredit(c);
            if (c.hasHandler()) {
                report(c, token, bytes, errno);
            }
        }
        return true;
    }

    private void report(Connection c, long token, long bytes, int errno) {
        try {
            c.handler().sent(c, token, bytes, errno);
        } catch (Throwable thrown) {
            reporter.handlerFailed(c, thrown);
        }
    }

    // ---- short of buffers ---------------------------------------------------------------------------------------

    boolean holdsRingBuffers() {
        return inFlightInRing > 0;
    }

    /** Moves queued bytes of {@code c} out of ring buffers, as far as copy memory goes. Nothing is in flight. */
    private void copyQueuedOut(Connection c) {
        for (Outbound piece = c.outFirst; piece != null; piece = piece.next) {
            if (piece.buffer >= 0 && leases.inRing(piece.buffer)) {
                long consumed = piece.address - leases.address(piece.buffer);
                int copy = leases.copyOut(piece.buffer);
                if (copy < 0) {
                    return;
                }
                piece.buffer = copy;
                piece.address = leases.address(copy) + consumed;
            }
        }
    }

    /**
     * The peer does not read and buffers are short: end the send, so that its rest can move out of the ring buffers.
     *
     * @return whether its send holds ring buffers
     */
    boolean interruptBlocked(Connection c) {
        if (c.sending == 0 || ringBuffers(c) == 0) {
            return false;
        }
        if (leases.copiesFree() > 0) {
            cancel(c);
        }
        return true;
    }

    /** A new ring: what is left to send is submitted there. */
    void moved(Connection c) {
        if (c.outFirst != null) {
            queue(c);
        }
    }

    /** How much of what is in flight went out will never be known: the calls that it is of say so. */
    void outcomeUnknown(Connection c) {
        int left = c.sending;
        boolean within = false;
        for (Outbound piece = c.outFirst; piece != null && (left > 0 || within); piece = piece.next) {
            piece.errno = piece.errno == 0 ? Errno.ECONNABORTED : piece.errno;
            within = !piece.end;
            left--;
        }
    }

    /** The ring died with a send in flight. */
    void forgetFlight(Connection c) {
        inFlightInRing -= ringBuffers(c);
        c.sending = 0;
        c.sendCancelling = false;
    }

    void cancel(Connection c) {
        if (c.sending > 0 && !c.sendCancelling) {
            c.sendCancelling = true;
            engine.cancel(c.userData(Ops.SEND));
        }
    }
}
