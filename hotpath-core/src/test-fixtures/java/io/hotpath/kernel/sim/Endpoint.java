package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;

/**
 * One end of a virtual TCP connection: what has arrived here, and what this end knows of the other. There is no network
 * between the ends; bytes count as sent when they are in the other end's queue.
 */
final class Endpoint {
    final SocketAddress local;
    final SocketAddress remote;
    final Endpoint other;

    /** Arrived and not yet read; the other end may keep at most {@link #window} bytes here. */
    final ByteQueue in = new ByteQueue();

    int window = Integer.MAX_VALUE;

    /** The pending socket error, positive; taken by the first call that reports it. */
    private int error;

    private boolean finReceived;
    private boolean finSent;
    private boolean readShut;
    private boolean reset;
    private boolean gone;
    private int pulse;
    private int written;

    Endpoint(SocketAddress local, SocketAddress remote) {
        this.local = local;
        this.remote = remote;
        this.other = new Endpoint(this);
    }

    private Endpoint(Endpoint other) {
        this.local = other.remote;
        this.remote = other.local;
        this.other = other;
    }

    /** Bytes that the other end would take now; a closed end takes everything, and answers with a reset. */
    int room() {
        return other.gone ? Integer.MAX_VALUE : Math.max(0, other.window - other.in.size());
    }

    void write(MemorySegment bytes) {
        if (other.gone) {
            receiveReset();
            return;
        }
        other.in.add(bytes);
        written += (int) bytes.byteSize();
        other.pulse++;
    }

    void finish() {
        if (finSent || reset) {
            return;
        }
        finSent = true;
        pulse++;
        other.finReceived = true;
        other.pulse++;
    }

    void shutdownRead() {
        readShut = true;
        pulse++;
    }

    void reset() {
        if (gone) {
            return;
        }
        gone = true;
        if (!reset) {
            reset = true;
            other.receiveReset();
        }
    }

    /** What {@code close(2)} does: unread bytes turn the end into a reset. */
    void close() {
        if (in.size() > 0) {
            reset();
            return;
        }
        finish();
        gone = true;
    }

    /** The other end has read: there is room again. */
    void roomOpened() {
        pulse++;
    }

    private void receiveReset() {
        if (reset || gone || (finReceived && finSent)) {
            return;
        }
        error = finReceived ? Errno.EPIPE : Errno.ECONNRESET;
        reset = true;
        pulse++;
    }

    int takeError() {
        int taken = error;
        error = 0;
        return taken;
    }

    /** Whether a read would not wait. */
    boolean readable() {
        return in.size() > 0 || error != 0 || atEnd();
    }

    /** Whether a write would not wait. */
    boolean writable() {
        return error != 0 || writeEnded() || room() > 0;
    }

    /** Nothing more arrives after what is queued. */
    boolean atEnd() {
        return finReceived || readShut || reset;
    }

    boolean writeEnded() {
        return finSent || reset;
    }

    boolean finReceived() {
        return finReceived;
    }

    boolean finSent() {
        return finSent;
    }

    boolean wasReset() {
        return reset;
    }

    /** The bytes that the other end took so far; wraps, never negative. */
    int written() {
        return written & Integer.MAX_VALUE;
    }

    /** Counts what would wake a waiter. */
    int pulse() {
        return pulse;
    }

    int pollMask() {
        int mask = 0;
        mask |= in.size() > 0 || atEnd() ? Abi.POLLIN : 0;
        mask |= atEnd() ? Abi.POLLRDHUP : 0;
        mask |= reset || (finSent && (finReceived || readShut)) ? Abi.POLLHUP : 0;
        mask |= error != 0 ? Abi.POLLERR : 0;
        mask |= writeEnded() || room() > 0 ? Abi.POLLOUT : 0;
        return mask;
    }
}
