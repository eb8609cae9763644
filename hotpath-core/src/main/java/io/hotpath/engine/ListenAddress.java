package io.hotpath.engine;

import io.hotpath.kernel.Sockets;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * An address that is bound and listening for a number of loops; each takes its own socket with {@link Engine#listen}.
 * Any thread.
 */
public final class ListenAddress implements AutoCloseable {
    private static final int TAKEN = -1;

    private final Sockets sockets;
    private final SocketAddress address;
    private final AtomicIntegerArray descriptors;

    private ListenAddress(Sockets sockets, ListenSockets opened) {
        this.sockets = sockets;
        address = opened.address();
        descriptors = new AtomicIntegerArray(opened.descriptors());
    }

    /**
     * Binds and listens.
     *
     * @param engine  any engine of the loops that will accept
     * @param backlog connections that may wait in the kernel; the host caps it ({@code net.core.somaxconn})
     * @param loops   how many loops will accept
     * @throws java.net.BindException if the address cannot be had
     */
    public static ListenAddress bind(Engine engine, SocketAddress address, int backlog, int loops) throws IOException {
        return bind(engine, address, backlog, loops, List.of());
    }

    /** The same with socket options that each socket gets before it is bound; accepted connections inherit most. */
    public static ListenAddress bind(
            Engine engine, SocketAddress address, int backlog, int loops, List<SocketOption> options)
            throws IOException {
        Sockets sockets = engine.kernel().sockets();
        return new ListenAddress(sockets, ListenSockets.open(sockets, address, backlog, loops, options));
    }

    /** Where it listens; a port of 0 has become the real one. */
    public SocketAddress address() {
        return address;
    }

    int take(int index) {
        int fd = descriptors.getAndSet(index, TAKEN);
        if (fd == TAKEN) {
            throw new IllegalStateException("the socket of loop " + index + " is taken or closed");
        }
        return fd;
    }

    /** Closes the socket of a loop that will not accept, unless it took it; the kernel sends it nobody from then on. */
    public void close(int index) {
        int fd = descriptors.getAndSet(index, TAKEN);
        if (fd != TAKEN) {
            sockets.close(fd);
        }
    }

    /** Closes the sockets that no loop has taken. */
    @Override
    public void close() {
        for (int i = 0; i < descriptors.length(); i++) {
            close(i);
        }
    }
}
