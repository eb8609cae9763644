package io.hotpath.engine;

import static io.hotpath.engine.Connection.DRAINING;
import static io.hotpath.engine.Connection.OPEN;

import io.hotpath.Errno;
import io.hotpath.ring.Gather;
import io.hotpath.ring.Ring;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How connections send: calls queue pieces, and right before the next enter each connection with something to send and
 * nothing in flight submits all of it as one send. Loop thread.
 */
final class Sender {
    /** Pieces of one submission; more wait for the next. */
    private static final int PIECES_MAX = 64;

    private static final int SUBMISSION_BYTES_MAX = 1 << 30;

    private final Engine engine;
    private final Leases leases;
    private final Counters counters;
    private final OutboundPool pool = new OutboundPool();
    private final ConnectionQueue dirty = new ConnectionQueue();
    private final ConnectionQueue.Step submitStep = this::submit;
    private final int bufferBytes;
    private final int pauseBytes;
    private final long bytesMax;

    /** Ring buffers that submitted sends still read. */
    private int inFlightInRing;

    Sender(Engine engine, EngineConfig config) {
        this.engine = engine;
        leases = engine.leases();
        counters = engine.counters;
        bufferBytes = config.bufferBytes();
        pauseBytes = config.outboundPauseBytes();
        bytesMax = config.outboundBytesMax();
    }

    // ---- send calls ---------------------------------------------------------------------------------------------

    void send(Connection c, long lease, long token) {
        int buffer = leases.reclaim(lease);
        int length = leases.lengthOf(buffer);
        int refusal = refusal(c, length);
        if (refusal != 0) {
            leases.drop(buffer);
            refuse(c, token, refusal);
            return;
        }
        Outbound piece = pool.take(leases.address(buffer), length, buffer, token);
        piece.end = true;
        append(c, piece);
    }

    /** Copies {@code bytes} behind what is queued; small calls share a copy buffer, and so one submission. */
    void sendCopy(Connection c, MemorySegment bytes, long token) {
        long size = bytes.byteSize();
        int refusal = refusal(c, size);
        if (refusal == 0 && !roomFor(c, size)) {
            refusal = Errno.ENOBUFS;
        }
        if (refusal != 0) {
            refuse(c, token, refusal);
            return;
        }
        if (size == 0) {
            appendEmpty(c, token);
            return;
        }
        long at = 0;
        do {
            int copy = shareOrTake(c);
            int before = leases.lengthOf(copy);
            int count = leases.append(copy, bytes, at, size - at);
            Outbound piece = pool.take(leases.address(copy) + before, count, copy, token);
            at += count;
            piece.end = at == size;
            append(c, piece);
        } while (at < size);
    }

    void sendInPlace(Connection c, MemorySegment bytes, long token) {
        int refusal = refusal(c, bytes.byteSize());
        if (refusal != 0) {
            refuse(c, token, refusal);
            return;
        }
        long at = 0;
        do {
            int length = (int) Math.min(bytes.byteSize() - at, SUBMISSION_BYTES_MAX);
            Outbound piece = pool.take(bytes.address() + at, length, -1, token);
            piece.pin = bytes;
            at += length;
            piece.end = at == bytes.byteSize();
            append(c, piece);
        } while (at < bytes.byteSize());
    }

    private void appendEmpty(Connection c, long token) {
        Outbound piece = pool.take(0, 0, -1, token);
        piece.end = true;
        append(c, piece);
    }

    private int refusal(Connection c, long size) {
        int refusal = c.sendRefusal();
        return refusal == 0 && c.outboundBytes + size > bytesMax ? Errno.ENOBUFS : refusal;
    }

    private boolean roomFor(Connection c, long size) {
        Outbound last = c.outLast;
        long shared = last != null && last.buffer >= 0 && !leases.inRing(last.buffer) ? leases.room(last.buffer) : 0;
        return size <= shared || (size - shared + bufferBytes - 1) / bufferBytes <= leases.copiesFree();
    }

    /**
     * The copy buffer that the last piece ends in, if it has room, else a fresh one. Pieces go out in order, so the last
     * one that lies in a buffer is the one that gives it back.
     */
    private int shareOrTake(Connection c) {
        Outbound last = c.outLast;
        if (last != null && last.buffer >= 0 && !leases.inRing(last.buffer) && leases.room(last.buffer) > 0) {
            int shared = last.buffer;
            last.buffer = -1;
            return shared;
        }
        return leases.takeCopy(); // outboundBytesMax bounds these, not the quota of what is received
    }

    private void append(Connection c, Outbound piece) {
        Outbound last = c.outLast;
        if (last == null) {
            c.outFirst = piece;
        } else {
            last.next = piece;
            if (!last.end) {
                piece.callBytes = last.callBytes;
            }
        }
        c.outLast = piece;
        piece.callBytes += piece.length;
        c.outboundBytes += piece.length;
        if (c.outboundBytes >= pauseBytes && !c.free) {
            c.paused = true;
        }
        queue(c);
    }

    /** The call is over before it began; the news still comes in order. */
    private void refuse(Connection c, long token, int errno) {
        if (c.closeReported) {
            counters.sendsAfterClose++; // nothing follows a close, not even its own news
            return;
        }
        Outbound piece = pool.take(0, 0, -1, token);
        piece.end = true;
        piece.errno = errno;
        if (c.outFirst == null) {
            done(c, piece);
        } else {
            Objects.requireNonNull(c.outLast).next = piece;
            c.outLast = piece;
        }
    }

    private void queue(Connection c) {
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
        Outbound following = runEnd(first);
        if (following == null || ring.gather().room() < 2) {
            int bytes = runBytes(first, following);
            ring.prepSend(c.fd, first.address, bytes, userData);
            c.sending = pieces(first, following);
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
            engine.holdsRingBuffers(c);
        }
    }

    private int gather(Connection c, Gather gather) {
        int room = Math.min(gather.room(), PIECES_MAX);
        long total = 0;
        int pieces = 0;
        gather.begin();
        Outbound from = c.outFirst;
        for (int i = 0; from != null && i < room && total < SUBMISSION_BYTES_MAX; i++) {
            Outbound following = runEnd(from);
            int bytes = runBytes(from, following);
            gather.add(from.address, bytes);
            total += bytes;
            pieces += pieces(from, following);
            from = following;
        }
        c.sendingBytes = total;
        return pieces;
    }

    /** The first piece behind {@code from} that does not follow it in memory. */
    private static @Nullable Outbound runEnd(Outbound from) {
        long end = from.address + from.length;
        long bytes = from.length;
        Outbound piece = from.next;
        while (piece != null && (piece.address == end || piece.length == 0) && bytes < SUBMISSION_BYTES_MAX) {
            end += piece.length;
            bytes += piece.length;
            piece = piece.next;
        }
        return piece;
    }

    private static int runBytes(Outbound from, @Nullable Outbound end) {
        long bytes = 0;
        for (Outbound piece = from; piece != end && piece != null; piece = piece.next) {
            bytes += piece.length;
        }
        return (int) bytes;
    }

    private static int pieces(Outbound from, @Nullable Outbound end) {
        int count = 0;
        for (Outbound piece = from; piece != end && piece != null; piece = piece.next) {
            count++;
        }
        return count;
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
            counters.sendShort += result < c.sendingBytes ? 1 : 0;
            consume(c, result);
        } else if (!(result == -Errno.ECANCELED && cancelled) && result != -Errno.EINTR && result != -Errno.EAGAIN) {
            engine.closer.fail(c, -result);
        }
        if (c.outFirst == null || c.state > DRAINING) {
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

    private void done(Connection c, Outbound piece) {
        piece.next = null;
        piece.pin = null;
        piece.buffer = -1;
        if (c.doneLast == null) {
            c.doneFirst = piece;
        } else {
            c.doneLast.next = piece;
        }
        c.doneLast = piece;
        engine.ready(c);
    }

    /** Reports send calls that are over, as far as credit goes; true if none is left. */
    boolean report(Connection c) {
        for (Outbound piece = c.doneFirst; piece != null; piece = c.doneFirst) {
            if (!engine.hasCredit(c)) {
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
            engine.takeCredit(c);
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
            engine.handlerFailed(c, thrown);
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

    /** The ring died with a send in flight. */
    void forgetFlight(Connection c) {
        inFlightInRing -= ringBuffers(c);
        c.sending = 0;
        c.sendCancelling = false;
    }

    void cancel(Connection c) {
        if (c.sending > 0 && !c.sendCancelling) {
            c.sendCancelling = true;
            counters.sendCancels++;
            engine.cancel(c.userData(Ops.SEND));
        }
    }
}
