package io.hotpath.engine;

import static io.hotpath.engine.Connection.CLOSED;
import static io.hotpath.engine.Connection.CLOSING;
import static io.hotpath.engine.Connection.CONNECTING;
import static io.hotpath.engine.Connection.DRAINING;
import static io.hotpath.engine.Connection.FD_CLOSING;
import static io.hotpath.engine.Connection.LINGERING;
import static io.hotpath.engine.Connection.OPEN;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.util.function.Consumer;

/**
 * How connections end: draining what is queued, lingering for the peer's end, closing once nothing is in flight, closed.
 * Every wait has a deadline. Loop thread.
 */
final class Closer {
    private final Engine engine;
    private final Counters counters;
    private final long closeTimeoutNanos;
    private final long lingerTimeoutNanos;

    Closer(Engine engine, EngineConfig config) {
        this.engine = engine;
        counters = engine.counters;
        closeTimeoutNanos = config.closeTimeout().toNanos();
        lingerTimeoutNanos = config.lingerTimeout().toNanos();
    }

    // ---- asked for ----------------------------------------------------------------------------------------------

    void close(Connection c) {
        if (c.state == CONNECTING) {
            reset(c);
        } else if (c.state == OPEN) {
            c.ours = true;
            drain(c);
            engine.parked.drop(c);
        } else if (c.state == DRAINING) {
            c.closesItself = false; // asked for by now: does not wait for leases any more
            later(c);
        }
    }

    /** The peer has ended its side and everything it sent is delivered. */
    void closeAfterInput(Connection c) {
        if (c.state == OPEN) {
            drain(c);
        }
    }

    private void drain(Connection c) {
        c.state = DRAINING;
        later(c);
    }

    void reset(Connection c) {
        if (c.state < CLOSING) {
            c.ours = true;
            c.wasReset = true;
            counters.closedByReset++;
            engine.kernel().sockets().lingerZero(c.fd);
            abandon(c);
        }
    }

    /** The peer has kept it waiting for too long: it sees a reset, the handler the reason. */
    void timeOut(Connection c) {
        reset(c);
        c.closeErrno = Errno.ETIMEDOUT;
    }

    /** Its peer reads nothing and others need the buffers that wait for it. */
    void makeRoom(Connection c) {
        reset(c);
        c.closeErrno = Errno.ENOBUFS;
    }

    /** The network or the peer has ended it. */
    void fail(Connection c, int errno) {
        if (c.state < CLOSING) {
            c.closeErrno = errno;
            counters.closedByFailure++;
            abandon(c);
        }
    }

    private void abandon(Connection c) {
        c.state = CLOSING;
        later(c);
    }

    void shutdownOutput(Connection c) {
        if (c.state == OPEN && !c.outputEnded) {
            c.outputEnded = true;
            if (c.outFirst == null) {
                sendEnd(c);
            }
        }
    }

    /** Everything before has gone out. Once. */
    void sendEnd(Connection c) {
        if (c.endSent) {
            return;
        }
        c.endSent = true;
        c.outputEnded = true;
        c.inFlight++;
        engine.ring().prepShutdown(c.fd, Abi.SHUT_WR, c.userData(Ops.SHUTDOWN));
    }

    void shutdownCompleted(Connection c, int result) {
        c.inFlight--;
        if (result == -Errno.ECANCELED && engine.moving()) {
            c.endSent = false; // done again on the next ring
        }
        later(c);
    }

    // ---- one step after the other -------------------------------------------------------------------------------

    /** Looks at {@code c} again when the present report is over. */
    void later(Connection c) {
        engine.reporter.ready(c);
    }

    /** Takes every step that can be taken now. */
    void advance(Connection c) {
        if (c.state == DRAINING) {
            drained(c);
        }
        if (c.state == LINGERING && c.inputEnded) {
            c.state = CLOSING;
        }
        if (c.state == CLOSING) {
            closing(c);
        }
    }

    private void drained(Connection c) {
        boolean waitsForLeases = c.closesItself && !c.ours && c.lent > 0;
        if (waitsForLeases || c.outFirst != null || c.sending > 0) {
            limit(c, closeTimeoutNanos, Closer::drainTimeout);
            return;
        }
        unlimit(c);
        if (c.inputEnded || lingerTimeoutNanos == 0) {
            c.state = CLOSING;
            return;
        }
        c.state = LINGERING;
        sendEnd(c);
        engine.receiver.resume(c);
        limit(c, lingerTimeoutNanos, Closer::lingerTimeout);
    }

    private static void drainTimeout(Connection c) {
        Closer closer = c.engine.closer;
        if (c.state == DRAINING) {
            closer.counters.closeDeadlines++;
            Flight.connectionReset(c.slot, "closeTimeout");
            closer.reset(c);
        }
    }

    private static void lingerTimeout(Connection c) {
        if (c.state == LINGERING) {
            c.state = CLOSING;
            c.engine.closer.later(c);
        }
    }

    private void closing(Connection c) {
        engine.receiver.forget(c);
        if (c.inFlight > 0) {
            cancelAll(c);
            limit(c, closeTimeoutNanos, Closer::closingTimeout);
            return;
        }
        unlimit(c);
        engine.sender.discard(c, c.closeErrno == 0 ? Errno.ECANCELED : c.closeErrno);
        c.state = FD_CLOSING;
        c.inFlight++;
        engine.ring().prepClose(c.fd, c.userData(Ops.CLOSE));
        c.prepared = engine.ring().prepared();
        c.fdClosing = c.fd;
        c.fd = -1; // the number may be another client's before the completion is here
    }

    private void cancelAll(Connection c) {
        engine.receiver.cancel(c);
        engine.sender.cancel(c);
        if (c.connecting) {
            c.connecting = false; // once
            engine.cancel(c.userData(Ops.CONNECT));
        }
        if (c.watched) {
            c.watched = false; // once
            engine.cancel(c.userData(Ops.WATCH));
        }
    }

    /** The kernel owes completions for too long: end the socket under them. */
    private static void closingTimeout(Connection c) {
        if (c.state == CLOSING && c.inFlight > 0) {
            c.engine.counters.closeDeadlines++;
            c.engine.kernel().sockets().shutdown(c.fd, Abi.SHUT_RDWR);
        }
    }

    void closeCompleted(Connection c) {
        c.inFlight--;
        if (c.closeErrno == 0 && !c.wasReset) {
            counters.closedInOrder++;
        }
        end(c);
    }

    /** The next ring carries on with what this connection was about. */
    void moved(Connection c) {
        if (c.outputEnded && !c.endSent && c.outFirst == null && c.state <= LINGERING) {
            sendEnd(c);
        }
        later(c);
    }

    /** The ring is about to go, and the kernel may not have taken the close. What it took is closed. */
    void settleClose(Connection c) {
        if (c.state == FD_CLOSING && c.fdClosing >= 0 && !engine.ring().taken(c.prepared)) {
            engine.kernel().sockets().close(c.fdClosing);
        }
        c.fdClosing = -1;
    }

    /** What became of its bytes is unknown: the peer sees a reset instead of a gap. */
    void lost(Connection c) {
        counters.closedByLoss++;
        if (c.fd >= 0) {
            engine.kernel().sockets().lingerZero(c.fd);
        }
        c.closeErrno = Errno.ECONNABORTED;
        abandoned(c);
    }

    /** The ring is gone before its completions came: ends {@code c} without them. */
    void abandoned(Connection c) {
        unlimit(c);
        if (c.fd >= 0) {
            int descriptor = c.fd;
            c.fd = -1; // first: the number may be another client's at once
            engine.kernel().sockets().close(descriptor);
        }
        c.closeErrno = c.closeErrno == 0 ? Errno.EIO : c.closeErrno;
        c.inFlight = 0;
        c.sending = 0;
        engine.receiver.forget(c);
        engine.sender.discard(c, c.closeErrno);
        end(c);
    }

    private void end(Connection c) {
        c.state = CLOSED;
        engine.vacate(c);
        later(c);
    }

    // ---- deadlines ----------------------------------------------------------------------------------------------

    private void limit(Connection c, long nanos, Consumer<Connection> action) {
        if (c.deadline == null) {
            c.deadline = engine.after(nanos, () -> {
                c.deadline = null;
                action.accept(c);
            });
        }
    }

    private void unlimit(Connection c) {
        if (c.deadline != null) {
            engine.timers().cancel(c.deadline);
            c.deadline = null;
        }
    }
}
