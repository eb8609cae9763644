package io.hotpath.engine;

import java.net.SocketAddress;

/** One loop's listening socket among those that share its port. Its listener owns it. */
final class ListenShard {
    private final ListenGroup group;
    private final SocketAddress address;
    private final int fd;

    /** Written under {@link ListenAddress}'s lock or by the loop thread, once; read by who wants to listen there again. */
    private volatile boolean closed;

    ListenShard(ListenGroup group, SocketAddress address, int fd) {
        this.group = group;
        this.address = address;
        this.fd = fd;
    }

    int fd() {
        return fd;
    }

    SocketAddress address() {
        return address;
    }

    /** New clients go to the others from now on. Returns whether there are others that stay. */
    boolean leave() {
        return group.leave(fd);
    }

    /** How many of its group have closed. */
    int closes() {
        return group.closes();
    }

    /** Whether it may close without a client noticing, see there. */
    boolean mayClose(int closesBefore) {
        return group.mayClose(fd, closesBefore);
    }

    void close() {
        group.close(fd);
        closed = true;
    }

    boolean closed() {
        return closed;
    }
}
