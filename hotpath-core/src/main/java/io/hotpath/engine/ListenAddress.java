package io.hotpath.engine;

import io.hotpath.kernel.Sockets;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.List;

/**
 * An address that is bound and listening for a number of loops; each takes its own socket with {@link Engine#listen}.
 * Any thread.
 *
 * <p>With more than one loop the sockets share the port ({@code SO_REUSEPORT}), and the kernel spreads clients over them. A
 * loop that leaves is steered around first, see {@link Listener#leave}; {@link #reopen} lets one join again.
 */
public final class ListenAddress implements AutoCloseable {
    private final ListenSockets opener;
    private final SocketAddress address;
    private final ListenGroup group;
    private final ListenShard[] shards;
    private final boolean[] taken;

    private ListenAddress(ListenSockets opener, Sockets sockets, SocketAddress address, int loops) throws IOException {
        this.opener = opener;
        group = new ListenGroup(sockets);
        shards = new ListenShard[loops];
        taken = new boolean[loops];
        int[] descriptors = opener.open(address, loops);
        this.address = sockets.localAddress(descriptors[0]);
        for (int i = 0; i < loops; i++) {
            shards[i] = joined(descriptors[i]);
        }
    }

    private ListenShard joined(int fd) {
        group.joined(fd);
        return new ListenShard(group, address, fd);
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
        return new ListenAddress(new ListenSockets(sockets, backlog, options), sockets, address, loops);
    }

    /** Where it listens; a port of 0 has become the real one. */
    public SocketAddress address() {
        return address;
    }

    synchronized ListenShard take(int index) {
        if (taken[index] || shards[index].closed()) {
            throw new IllegalStateException("the socket of loop " + index + " is taken or closed");
        }
        taken[index] = true;
        return shards[index];
    }

    /**
     * Binds and listens again for a loop whose socket is closed, so that another one can take it.
     *
     * @throws IllegalStateException  if that socket is still open
     * @throws java.net.BindException if the address cannot be had any more, because all of its sockets had closed meanwhile
     */
    public synchronized void reopen(int index) throws IOException {
        if (!shards[index].closed()) {
            throw new IllegalStateException("the socket of loop " + index + " is open");
        }
        int fd = group.isEmpty() ? opener.first(address, shards.length > 1) : opener.another(address);
        shards[index] = joined(fd);
        taken[index] = false;
    }

    /** Closes the socket of a loop that will not accept, unless it took it; the kernel sends it nobody from then on. */
    public synchronized void close(int index) {
        if (!taken[index] && !shards[index].closed()) {
            shards[index].leave();
            shards[index].close();
        }
    }

    /** Closes the sockets that no loop has taken. */
    @Override
    public void close() {
        for (int i = 0; i < shards.length; i++) {
            close(i);
        }
    }
}
