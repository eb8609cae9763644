package io.hotpath.engine;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.kernel.Sockets;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.Arrays;
import java.util.List;

/**
 * Opens the listening sockets of one address, one per loop. The first binds alone and sets {@code SO_REUSEPORT} between bind
 * and listen, the others bind with it: they share the port, and another program still gets "Address already in use", unless
 * it belongs to the same user and sets {@code SO_REUSEPORT} itself.
 */
final class ListenSockets {
    private final Sockets sockets;
    private final int backlog;
    private final List<SocketOption> options;

    ListenSockets(Sockets sockets, int backlog, List<SocketOption> options) {
        this.sockets = sockets;
        this.backlog = backlog;
        this.options = List.copyOf(options);
    }

    /**
     * Binds and listens, one after the other: the order in which a kernel numbers them. Any thread.
     *
     * @throws BindException if the address cannot be had, in the words that users look for
     */
    int[] open(SocketAddress address, int count) throws IOException {
        int[] descriptors = new int[count];
        Arrays.fill(descriptors, -1);
        try {
            descriptors[0] = first(address, count > 1);
            SocketAddress real = sockets.localAddress(descriptors[0]);
            for (int i = 1; i < count; i++) {
                descriptors[i] = another(real);
            }
            return descriptors;
        } catch (IOException | RuntimeException failed) {
            for (int descriptor : descriptors) {
                if (descriptor >= 0) {
                    sockets.close(descriptor);
                }
            }
            throw failed;
        }
    }

    /** Nobody shares the address before it listens. */
    int first(SocketAddress address, boolean shared) throws IOException {
        int fd = bound(address, false);
        return listening(fd, address, shared ? sockets.setOption(fd, Abi.SOL_SOCKET, Abi.SO_REUSEPORT, 1) : 0);
    }

    /** One more, which shares the address with others of ours. */
    int another(SocketAddress address) throws IOException {
        return listening(bound(address, true), address, 0);
    }

    private int listening(int fd, SocketAddress address, int result) throws IOException {
        try {
            check(result, address);
            check(sockets.listen(fd, backlog), address);
            return fd;
        } catch (IOException failed) {
            sockets.close(fd);
            throw failed;
        }
    }

    private int bound(SocketAddress address, boolean shared) throws IOException {
        int family = SocketAddresses.family(address);
        int fd = sockets.socket(family);
        if (fd < 0) {
            throw new EngineException("socket", -fd, "raise the limit of open files or use another address family");
        }
        try {
            if (address instanceof InetSocketAddress) {
                check(sockets.setOption(fd, Abi.SOL_SOCKET, Abi.SO_REUSEADDR, 1), address);
                check(sockets.setOption(fd, Abi.IPPROTO_TCP, Abi.TCP_NODELAY, 1), address); // accepted ones inherit it
            }
            for (SocketOption option : options) {
                check(sockets.setOption(fd, option.level(), option.name(), option.value()), address);
            }
            if (shared) {
                check(sockets.setOption(fd, Abi.SOL_SOCKET, Abi.SO_REUSEPORT, 1), address);
            }
            check(sockets.bind(fd, address), address);
            return fd;
        } catch (IOException failed) {
            sockets.close(fd);
            throw failed;
        }
    }

    private static void check(int result, SocketAddress address) throws BindException {
        if (result < 0) {
            throw new BindException(Errno.text(-result) + ": " + text(address));
        }
    }

    private static String text(SocketAddress address) {
        return switch (address) {
            case InetSocketAddress inet -> inet.getAddress().getHostAddress() + ':' + inet.getPort();
            case UnixDomainSocketAddress unix -> unix.getPath().toString();
            default -> address.toString();
        };
    }
}
