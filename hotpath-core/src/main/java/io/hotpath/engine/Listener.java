package io.hotpath.engine;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.ring.UserData;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.ArrayDeque;

/**
 * Accepts connections on one listening socket of one engine. Without credit a bounded number waits; then accept is
 * cancelled and clients stay in the backlog. Loop thread.
 */
public final class Listener {
    private static final System.Logger LOG = System.getLogger(Listener.class.getName());
    private static final long BACK_OFF_MIN_NANOS = 10_000_000;
    private static final long BACK_OFF_MAX_NANOS = 1_000_000_000;

    private final Engine engine;
    private final Counters counters;
    private final ListenerHandler handler;
    private final SocketAddress address;
    private final int fd;
    private final int index;
    private final int waitMax;
    private final ArrayDeque<Connection> waiting = new ArrayDeque<>();
    private boolean armed;
    private boolean cancelling;
    private boolean backingOff;
    private boolean paused;
    private boolean closing;
    private boolean closed;
    private int closeErrno;
    private long backOffNanos = BACK_OFF_MIN_NANOS;

    Listener(Engine engine, int index, int fd, SocketAddress address, ListenerHandler handler, int waitMax) {
        this.engine = engine;
        this.counters = engine.counters;
        this.index = index;
        this.fd = fd;
        this.address = address;
        this.handler = handler;
        this.waitMax = waitMax;
    }

    /** Where it listens. Any thread. */
    public SocketAddress address() {
        return address;
    }

    /**
     * Accepts no more. What waits unseen is reset; connections that were handed over live on. {@code listenerClosed} says
     * when the descriptor is closed, never from inside this call. Idempotent.
     */
    public void close() {
        assert engine.inLoop();
        if (!closing) {
            closing = true;
            cancel();
            engine.listenerCloses();
        }
    }

    /** Accepts no more until {@link #resume}: clients stay in the kernel's backlog. */
    public void pause() {
        assert engine.inLoop();
        paused = true;
        cancel();
    }

    /** Accepts again. */
    public void resume() {
        assert engine.inLoop();
        if (paused) {
            paused = false;
            engine.listenerCloses(); // it takes its next step in the next turn, not inside this call
        }
    }

    /** Whether its descriptor is closed. */
    public boolean closed() {
        return closed;
    }

    // ---- for the engine -----------------------------------------------------------------------------------------

    void arm(boolean pollFirst) {
        if (!armed && !paused && !closing && !backingOff && waiting.size() < waitMax && !engine.moving()) {
            armed = true;
            engine.ring().prepAcceptMultishot(fd, pollFirst, UserData.of(Ops.ACCEPT, 0, index));
        }
    }

    void completed(int result, int flags) {
        if ((flags & Abi.IORING_CQE_F_MORE) == 0) {
            armed = false;
            cancelling = false;
        }
        if (result >= 0) {
            backOffNanos = BACK_OFF_MIN_NANOS;
            accepted(result);
        } else {
            failed(-result);
        }
        arm(false);
        endIfIdle();
    }

    private void accepted(int connectionFd) {
        Connection connection = closing ? null : engine.occupy(connectionFd, Connection.OPEN);
        if (connection == null) {
            counters.refused++;
            engine.kernel().sockets().lingerZero(connectionFd);
            engine.kernel().sockets().close(connectionFd);
            return;
        }
        counters.accepted++;
        if (waiting.isEmpty() && !paused && engine.hasCredit()) {
            handOver(connection);
            return;
        }
        waiting.add(connection);
        if (waiting.size() >= waitMax && armed && !cancelling) {
            counters.acceptPauses++;
            cancel();
        }
    }

    /** Hands over who waits, as far as credit goes, and takes the next step of its life. */
    void advance() {
        while (!closing && !paused && !waiting.isEmpty() && engine.hasCredit()) {
            handOver(waiting.remove());
        }
        arm(false);
        endIfIdle();
    }

    /** The ring ends; {@link #moved} goes on with the next one. */
    void suspend() {
        cancel();
    }

    /** Nothing of it is on a ring. */
    void disarmed() {
        armed = false;
        cancelling = false;
    }

    void moved() {
        arm(false);
    }

    /** The ring is gone before its completions came. */
    void abandoned() {
        closing = true;
        armed = false;
        endIfIdle();
    }

    private void handOver(Connection connection) {
        engine.takeCredit();
        try {
            handler.accepted(connection);
        } catch (Throwable thrown) {
            engine.handlerFailed(connection, thrown);
        }
    }

    private void failed(int errno) {
        switch (errno) {
            case Errno.ECANCELED -> {}
            case Errno.ECONNABORTED, Errno.EINTR, Errno.EAGAIN, Errno.EPROTO, Errno.ENETDOWN, Errno.ENOPROTOOPT,
                    Errno.EHOSTDOWN, Errno.ENONET, Errno.EHOSTUNREACH, Errno.EOPNOTSUPP, Errno.ENETUNREACH ->
                counters.acceptErrors++; // this connection's trouble, accept(2): go on at once
            case Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM, Errno.EPERM -> backOff(errno);
            default -> {
                counters.unexpectedErrnos++;
                closeErrno = errno;
                close();
            }
        }
    }

    /** At the limit of descriptors accept fails although nobody waits: a pause, and then wait for somebody first. */
    private void backOff(int errno) {
        counters.acceptErrors++;
        backingOff = true;
        long nanos = backOffNanos;
        if (nanos == BACK_OFF_MIN_NANOS) {
            LOG.log(Level.WARNING, () -> "listener=" + address + " accept=" + Errno.name(errno)
                    + " remedy=raise the limit of open files; accepting goes on as descriptors come back");
        }
        backOffNanos = Math.min(2 * nanos, BACK_OFF_MAX_NANOS);
        engine.timers().at(engine.nanoTime() + nanos, () -> {
            backingOff = false;
            arm(true);
        });
    }

    private void cancel() {
        if (armed && !cancelling) {
            cancelling = true;
            engine.cancel(UserData.of(Ops.ACCEPT, 0, index));
        }
    }

    private void endIfIdle() {
        if (!closing || armed || closed) {
            return;
        }
        closed = true;
        for (Connection connection : waiting) {
            connection.reset();
        }
        waiting.clear();
        engine.kernel().sockets().close(fd);
        try {
            handler.listenerClosed(this, closeErrno);
        } catch (Throwable thrown) {
            LOG.log(Level.WARNING, () -> "listener=" + address + " handler failed", thrown);
        }
        engine.listenerClosed(index);
    }
}
