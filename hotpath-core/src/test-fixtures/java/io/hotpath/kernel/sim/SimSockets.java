package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;

/** The socket calls of a simulation. */
final class SimSockets implements Sockets {
    private final Descriptors descriptors;
    private final Network network;

    SimSockets(Descriptors descriptors, Network network) {
        this.descriptors = descriptors;
        this.network = network;
    }

    @Override
    public int socket(int family) {
        if (family != Abi.AF_INET && family != Abi.AF_INET6 && family != Abi.AF_UNIX) {
            return -Errno.EAFNOSUPPORT;
        }
        if (!descriptors.roomBelow(descriptors.limit)) {
            return -Errno.EMFILE;
        }
        return descriptors.open(new SimSocket(network, family));
    }

    @Override
    public int bind(int fd, SocketAddress address) {
        SimSocket socket = socketOf(fd);
        return socket == null ? missing(fd) : network.bind(socket, address);
    }

    @Override
    public int listen(int fd, int backlog) {
        SimSocket socket = socketOf(fd);
        return socket == null ? missing(fd) : network.listen(socket);
    }

    @Override
    public int shutdown(int fd, int how) {
        SimSocket socket = socketOf(fd);
        return socket == null ? missing(fd) : shutdown(socket, how);
    }

    static int shutdown(SimSocket socket, int how) {
        if (how < Abi.SHUT_RD || how > Abi.SHUT_RDWR) {
            return -Errno.EINVAL;
        }
        if (socket.listening) {
            if (how != Abi.SHUT_WR) {
                socket.stopListening();
            }
            return 0;
        }
        Endpoint end = socket.endpoint;
        if (end == null || end.wasReset()) {
            return -Errno.ENOTCONN;
        }
        if (how != Abi.SHUT_WR) {
            end.shutdownRead();
        }
        if (how != Abi.SHUT_RD) {
            end.finish();
        }
        return 0;
    }

    @Override
    public int setOption(int fd, int level, int name, int value) {
        SimSocket socket = socketOf(fd);
        if (socket == null) {
            return missing(fd);
        }
        socket.option(level, name, value);
        return 0;
    }

    @Override
    public int option(int fd, int level, int name) {
        SimSocket socket = socketOf(fd);
        if (socket == null) {
            return missing(fd);
        }
        Endpoint end = socket.endpoint;
        if (level == Abi.SOL_SOCKET && name == Abi.SO_ERROR) {
            return end == null ? socket.takeOutcome() : end.takeError();
        }
        return socket.option(level, name);
    }

    @Override
    public int lingerZero(int fd) {
        SimSocket socket = socketOf(fd);
        if (socket == null) {
            return missing(fd);
        }
        socket.lingerZero = true;
        return 0;
    }

    @Override
    public int sendProgress(int fd) {
        SimSocket socket = socketOf(fd);
        if (socket == null) {
            return missing(fd);
        }
        Endpoint end = socket.endpoint;
        return end == null ? 0 : end.written();
    }

    @Override
    public SocketAddress localAddress(int fd) throws IOException {
        SimSocket socket = required(fd);
        SocketAddress local = socket.local;
        if (local != null) {
            return local;
        }
        return switch (socket.family) {
            case Abi.AF_INET -> new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);
            case Abi.AF_INET6 -> new InetSocketAddress(InetAddress.ofLiteral("::"), 0);
            default -> UnixDomainSocketAddress.of("");
        };
    }

    @Override
    public SocketAddress peerAddress(int fd) throws IOException {
        Endpoint end = required(fd).endpoint;
        if (end == null || end.wasReset()) {
            throw new IOException(Errno.text(Errno.ENOTCONN));
        }
        return end.remote;
    }

    @Override
    public int close(int fd) {
        return descriptors.close(fd) ? 0 : -Errno.EBADF;
    }

    private SimSocket required(int fd) throws IOException {
        SimSocket socket = socketOf(fd);
        if (socket == null) {
            throw new IOException(Errno.text(-missing(fd)));
        }
        return socket;
    }

    private @Nullable SimSocket socketOf(int fd) {
        return descriptors.file(fd) instanceof SimSocket socket ? socket : null;
    }

    private int missing(int fd) {
        return descriptors.file(fd) == null ? -Errno.EBADF : -Errno.ENOTSOCK;
    }
}
