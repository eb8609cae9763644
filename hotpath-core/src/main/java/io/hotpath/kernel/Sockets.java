package io.hotpath.kernel;

import io.hotpath.Errno;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * The socket calls that are not ring operations. Any thread. Calls return a value {@code >= 0} or {@code -errno}.
 *
 * <p>Every descriptor made here is close-on-exec and non-blocking from birth, so that each kernel treats it alike.
 */
public interface Sockets {
    /** A TCP socket for {@code family}, {@link Abi#AF_INET} or {@link Abi#AF_INET6}, or a stream socket for {@link Abi#AF_UNIX}. */
    int socket(int family);

    int bind(int fd, SocketAddress address);

    int listen(int fd, int backlog);

    /**
     * Accepts a connection that waits, close-on-exec and non-blocking, and does not wait for one.
     *
     * @return its descriptor, {@code -EAGAIN} if nobody waits; simulated kernels may not know how
     */
    default int accept(int fd) {
        return -Errno.EOPNOTSUPP;
    }

    /** {@code shutdown(2)} with {@link Abi#SHUT_RD}, {@link Abi#SHUT_WR} or {@link Abi#SHUT_RDWR}. */
    int shutdown(int fd, int how);

    /** Sets an option whose value is an {@code int}. */
    int setOption(int fd, int level, int name, int value);

    /** Reads an option whose value is an {@code int}; {@code -errno} on failure, so only for options that are never negative. */
    int option(int fd, int level, int name);

    /** Closing will reset the connection: {@code SO_LINGER} on, 0 seconds. */
    int lingerZero(int fd);

    /**
     * Sends new clients of a group of listening sockets that share a port to some of them only. Clients whose handshake has
     * begun stay where they are.
     *
     * @param fd      any of the group
     * @param members the places of those that are to get clients, in the order in which the group's sockets began to listen;
     *                when one of the group is closed, the last one moves into its place. None: to all of them again
     * @return 0, or {@code -errno} if the kernel cannot, as simulated ones
     */
    default int steer(int fd, int... members) {
        return -Errno.EOPNOTSUPP;
    }

    /**
     * How sending gets on below a send that has not completed: a number that changes when the peer's host has taken bytes. It
     * may change for other reasons too.
     */
    int sendProgress(int fd);

    /** The address the descriptor is bound to. */
    SocketAddress localAddress(int fd) throws IOException;

    /** The address of the peer; IPv4-mapped addresses come back as IPv4. */
    SocketAddress peerAddress(int fd) throws IOException;

    int close(int fd);
}
