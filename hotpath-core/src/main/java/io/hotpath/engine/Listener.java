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
    private static final LoopLog LOG = LoopLog.of(Listener.class);
    private static final long BACK_OFF_MIN_NANOS = 10_000_000;
    private static final long BACK_OFF_MAX_NANOS = 1_000_000_000;

    /** A backlog that is longer is a flood, which never ends. */
    private static final int SWEEP_MAX = 4096;

    private final Engine engine;
    private final Counters counters;
    private final ListenerHandler handler;
    private final ListenShard shard;
    private final int index;
    private final int waitMax;
    private final ArrayDeque<Connection> waiting = new ArrayDeque<>();
    private boolean armed;
    private boolean cancelling;
    private boolean backingOff;
    private boolean paused;
    private boolean leaving;
    private boolean closing;
    private boolean closed;
    private int closeErrno;
    private long backOffNanos = BACK_OFF_MIN_NANOS;

    Listener(Engine engine, int index, ListenShard shard, ListenerHandler handler, int waitMax) {
        this.engine = engine;
        this.counters = engine.counters;
        this.index = index;
        this.shard = shard;
        this.handler = handler;
        this.waitMax = waitMax;
    }

    /** Where it listens. Any thread. */
    public SocketAddress address() {
        return shard.address();
    }

    /**
     * Lets other loops go on with the address: the kernel sends new clients to them from now on. Who is on the way here is
     * still accepted, for {@code drainNanos}, a few round trips of the network; then it closes as by {@link #close}. With
     * nobody else to go on it closes at once. Idempotent.
     *
     * <p>So no client notices, provided that it is not paused and that there is demand for those who come meanwhile. Where
     * the kernel refuses to be told, a client that connects just before the end may be reset.
     */
    public void leave(long drainNanos) {
        assert engine.inLoop();
        if (leaving || closing) {
            return;
        }
        if (!shard.leave()) {
            close();
            return;
        }
        leaving = true;
        arm(false); // also if many wait already: how many may come is bounded by connectionsMax
        drain(drainNanos);
    }

    private void drain(long drainNanos) {
        int closes = shard.closes();
        engine.after(drainNanos, () -> {
            if (closing || shard.mayClose(closes)) {
                close();
            } else {
                drain(drainNanos); // somebody may be sent here after all
            }
        });
    }

    /**
     * Accepts no more. What waits unseen is reset; connections that were handed over live on. {@code listenerClosed} says
     * when the descriptor is closed, never from inside this call. Idempotent.
     */
    public void close() {
        assert engine.inLoop();
        if (!closing) {
            closing = true;
            shard.leave();
            cancel();
            engine.listeners.change();
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
            engine.listeners.change(); // it takes its next step in the next turn, not inside this call
        }
    }

    /** Whether its descriptor is closed. */
    public boolean closed() {
        return closed;
    }

    // ---- for the engine -----------------------------------------------------------------------------------------

    void arm(boolean pollFirst) {
        if (!armed && !paused && !closing && !backingOff && mayWait() && !engine.moving()) {
            armed = true;
            engine.ring().prepAcceptMultishot(shard.fd(), pollFirst, UserData.of(Ops.ACCEPT, 0, index));
        }
    }

    private boolean mayWait() {
        return waiting.size() < waitMax || leaving;
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
        Connection connection = closing && !welcome() ? null : engine.occupy(connectionFd, Connection.OPEN);
        if (connection == null) {
            counters.refused++;
            if (!closing) {
                Flight.connectionReset(-1, "connectionsMax");
            }
            engine.kernel().sockets().lingerZero(connectionFd);
            engine.kernel().sockets().close(connectionFd);
            return;
        }
        counters.accepted++;
        if (waiting.isEmpty() && !paused && engine.reporter.hasCredit()) {
            handOver(connection);
            return;
        }
        waiting.add(connection);
        if (!mayWait() && armed && !cancelling) {
            counters.acceptPauses++;
            cancel();
        }
    }

    /** Hands over who waits, as far as credit goes, and takes the next step of its life. */
    void advance() {
        while (!closing && !paused && !waiting.isEmpty() && engine.reporter.hasCredit()) {
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
        engine.reporter.takeCredit();
        try {
            handler.accepted(connection);
        } catch (Throwable thrown) {
            engine.reporter.handlerFailed(connection, thrown);
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
            LOG.log(Level.WARNING, () -> "listener=" + address() + " accept=" + Errno.name(errno)
                    + " remedy=raise the limit of open files; accepting goes on as descriptors come back");
        }
        backOffNanos = Math.min(2 * nanos, BACK_OFF_MAX_NANOS);
        engine.after(nanos, () -> {
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

    /** Whether it leaves in order: who is here by the end is still served. */
    private boolean welcome() {
        return leaving && !engine.closed();
    }

    /** Who came while the loop was busy elsewhere, and would be reset with the descriptor. */
    private void sweep() {
        int connectionFd = 0;
        for (int i = 0; i < SWEEP_MAX && connectionFd >= 0 && welcome() && !paused; i++) {
            connectionFd = engine.kernel().sockets().accept(shard.fd());
            if (connectionFd >= 0) {
                accepted(connectionFd);
            }
        }
    }

    private void endIfIdle() {
        if (!closing || armed || closed) {
            return;
        }
        sweep();
        closed = true;
        for (Connection connection : waiting) {
            connection.reset();
        }
        waiting.clear();
        shard.close();
        try {
            handler.listenerClosed(this, closeErrno);
        } catch (Throwable thrown) {
            LOG.log(Level.WARNING, () -> "listener=" + address() + " handler failed", thrown);
        }
        engine.listeners.remove(index);
    }
}
