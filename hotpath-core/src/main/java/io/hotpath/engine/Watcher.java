package io.hotpath.engine;

import static io.hotpath.engine.Connection.OPEN;
import static io.hotpath.engine.Connection.RECV_ARMED;

import io.hotpath.kernel.Abi;

/** Notices peers that leave while nothing is armed that would tell. Loop thread. */
final class Watcher {
    private final Engine engine;

    Watcher(Engine engine) {
        this.engine = engine;
    }

    /** Polls for its reset, and for its end unless that is known. Idempotent. */
    void watch(Connection c) {
        if (!c.watched && c.state == OPEN && !engine.moving()) {
            c.watched = true;
            c.inFlight++;
            // io_uring reports POLLRDHUP unasked: once it is known only a multishot waits for what comes next
            boolean multishot = c.peerFinished;
            engine.ring().prepPoll(c.fd, multishot ? 0 : Abi.POLLRDHUP, multishot, c.userData(Ops.WATCH));
        }
    }

    void completed(Connection c, int result, int flags) {
        boolean more = (flags & Abi.IORING_CQE_F_MORE) != 0;
        if (!more) {
            c.watched = false;
            c.inFlight--;
        }
        if (c.state != OPEN) {
            engine.closer.later(c);
        } else if (result > 0) {
            c.peerFinished = true;
            if ((result & (Abi.POLLERR | Abi.POLLHUP)) != 0) {
                int errno = engine.kernel().sockets().option(c.fd, Abi.SOL_SOCKET, Abi.SO_ERROR);
                if (errno > 0) {
                    engine.closer.fail(c, errno);
                }
            } else if (!more && c.recv != RECV_ARMED) {
                watch(c); // its end is noticed; now only for a reset
            }
        }
    }
}
