package io.hotpath.engine;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.kernel.Sockets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.Objects;

/** How connections to a server come to stand: a socket, a connect, its outcome. Loop thread. */
final class Connector {
    private final Engine engine;
    private final int connectionsMax;

    Connector(Engine engine, EngineConfig config) {
        this.engine = engine;
        connectionsMax = config.connectionsMax();
    }

    /** A socket of the family of {@code like}, which is not connected yet. */
    Connection socket(SocketAddress like, ConnectionHandler handler) {
        int family = SocketAddresses.family(like);
        int fd = sockets().socket(family);
        if (fd < 0) {
            throw new EngineException("socket", -fd, "raise the limit of open files");
        }
        Connection connection = engine.occupy(fd, Connection.CONNECTING);
        if (connection == null) {
            sockets().close(fd);
            throw new IllegalStateException("connectionsMax is reached: " + connectionsMax);
        }
        if (family != Abi.AF_UNIX) {
            sockets().setOption(fd, Abi.IPPROTO_TCP, Abi.TCP_NODELAY, 1);
        }
        connection.family = family;
        connection.adopt(handler);
        return connection;
    }

    /** A connection that left another engine. */
    Connection attach(int descriptor, ConnectionHandler handler) {
        Connection connection = engine.closed() ? null : engine.occupy(descriptor, Connection.OPEN);
        if (connection == null) {
            sockets().close(descriptor);
            throw new IllegalStateException("the engine is closed or has " + connectionsMax + " connections");
        }
        connection.adopt(handler);
        return connection;
    }

    void connect(Connection c, SocketAddress address, long timeoutNanos) {
        MemorySegment sockaddr = Arena.ofAuto().allocate(SocketAddresses.SOCKADDR_BYTES, 8);
        int length = SocketAddresses.write(address, c.family, sockaddr);
        c.connecting = true;
        c.connectAddress = sockaddr.asSlice(0, length); // reachable until the kernel has read it
        prepConnect(c);
        if (timeoutNanos != Long.MAX_VALUE) {
            c.deadline = engine.after(timeoutNanos, () -> {
                c.deadline = null;
                engine.closer.fail(c, Errno.ETIMEDOUT);
            });
        }
    }

    /** Closes a socket that was not told to connect and that nobody knows; it reports nothing. */
    void giveUp(Connection c) {
        int descriptor = c.fd;
        c.fd = -1;
        c.state = Connection.CLOSED;
        c.closeReported = true;
        sockets().close(descriptor);
        engine.vacate(c);
    }

    private void prepConnect(Connection c) {
        MemorySegment sockaddr = Objects.requireNonNull(c.connectAddress);
        c.inFlight++;
        engine.ring().prepConnect(c.fd, sockaddr.address(), (int) sockaddr.byteSize(), c.userData(Ops.CONNECT));
        c.prepared = engine.ring().prepared();
    }

    void completed(Connection c, int result) {
        c.inFlight--;
        c.connectAddress = null;
        if (engine.moving() && result == -Errno.ECANCELED) {
            return; // finished on the next ring, not repeated
        }
        c.connecting = false;
        if (c.state != Connection.CONNECTING) {
            engine.reporter.ready(c);
            return;
        }
        if (c.deadline != null) {
            engine.timers().cancel(c.deadline);
            c.deadline = null;
        }
        int errno = result > 0 ? sockets().option(c.fd, Abi.SOL_SOCKET, Abi.SO_ERROR) : -result;
        if (errno == 0 && result > 0 && (result & Abi.POLLHUP) != 0) {
            errno = Errno.ECONNABORTED; // it failed on a ring that lost the news
        }
        if (errno != 0) {
            engine.closer.fail(c, Math.abs(errno));
            return;
        }
        stands(c);
    }

    private void stands(Connection c) {
        c.state = Connection.OPEN;
        try {
            c.handler().connected(c);
        } catch (Throwable thrown) {
            engine.reporter.handlerFailed(c, thrown);
        }
        if (c.started) {
            engine.receiver.start(c); // also if it was told to before it stood
        }
    }

    /** A new ring: finishes a connect that another one began, or begins it if the kernel never saw it. */
    void moved(Connection c) {
        if (c.connectAddress != null) {
            prepConnect(c);
            return;
        }
        c.inFlight++;
        engine.ring().prepPoll(c.fd, Abi.POLLOUT, false, c.userData(Ops.CONNECT));
    }

    private Sockets sockets() {
        return engine.kernel().sockets();
    }
}
