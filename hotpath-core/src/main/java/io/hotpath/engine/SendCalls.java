package io.hotpath.engine;

import io.hotpath.Errno;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What callers ask to send: each call becomes pieces at the end of its connection's queue, or news that it was refused. Loop
 * thread.
 */
final class SendCalls {
    private final Sender sender;
    private final Leases leases;
    private final Counters counters;
    private final OutboundPool pool;
    private final int bufferBytes;
    private final int pauseBytes;
    private final long bytesMax;

    /** Copy memory that is left to those who cannot do without. */
    private final int copiesSpared;

    SendCalls(Engine engine, OutboundPool pool, EngineConfig config) {
        this.pool = pool;
        sender = engine.sender;
        leases = engine.leases();
        counters = engine.counters;
        bufferBytes = config.bufferBytes();
        pauseBytes = config.outboundPauseBytes();
        bytesMax = config.outboundBytesMax();
        copiesSpared = config.copyBuffers() / 2;
    }

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
            counters.sendsRefused++;
            refusal = Errno.ENOBUFS;
        }
        if (refusal != 0) {
            refuse(c, token, refusal);
            return;
        }
        if (size == 0) {
            appendEmpty(c, token);
        } else {
            appendCopy(c, bytes, 0, size, token);
        }
    }

    /** Copies native memory if it can go out and copy memory is plentiful; false if not. */
    boolean tryCopy(Connection c, long address, int size, long token) {
        boolean can = size > 0
                && c.sendRefusal() == 0
                && c.outboundBytes + size <= bytesMax
                && leases.copiesFree() > copiesSpared
                && roomFor(c, size);
        if (can) {
            appendCopy(c, NativeMemory.ALL, address, size, token);
        }
        return can;
    }

    private void appendCopy(Connection c, MemorySegment source, long from, long size, long token) {
        long at = 0;
        do {
            int copy = shareOrTake(c);
            int before = leases.lengthOf(copy);
            int count = leases.append(copy, source, from + at, size - at);
            Outbound piece = pool.take(leases.address(copy) + before, count, copy, token);
            at += count;
            piece.end = at == size;
            append(c, piece);
        } while (at < size);
    }

    /** @param pin what keeps the memory reachable, if that is not the caller */
    void sendInPlace(Connection c, long address, long count, @Nullable Object pin, long token) {
        int refusal = refusal(c, count);
        if (refusal != 0) {
            refuse(c, token, refusal);
            return;
        }
        long at = 0;
        do {
            int length = (int) Math.min(count - at, Outbound.RUN_BYTES_MAX);
            Outbound piece = pool.take(address + at, length, -1, token);
            piece.pin = pin;
            at += length;
            piece.end = at == count;
            append(c, piece);
        } while (at < count);
    }

    private void appendEmpty(Connection c, long token) {
        Outbound piece = pool.take(0, 0, -1, token);
        piece.end = true;
        append(c, piece);
    }

    private int refusal(Connection c, long size) {
        int refusal = c.sendRefusal();
        if (refusal == 0 && c.outboundBytes + size > bytesMax) {
            counters.sendsRefused++;
            return Errno.ENOBUFS;
        }
        return refusal;
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
        sender.queue(c);
    }

    /** The call is over before it began; the news still comes in order. */
    private void refuse(Connection c, long token, int errno) {
        if (c.closeReported) {
            return; // nothing follows a close, not even its own news
        }
        Outbound piece = pool.take(0, 0, -1, token);
        piece.end = true;
        piece.errno = errno;
        if (c.outFirst == null) {
            sender.done(c, piece);
        } else {
            Objects.requireNonNull(c.outLast).next = piece;
            c.outLast = piece;
        }
    }
}
