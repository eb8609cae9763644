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
 * The listening sockets of one address, one per loop. The first binds alone and sets {@code SO_REUSEPORT} between bind and
 * listen, the others bind with it: they share the port, and a second process still gets "Address already in use".
 */
final class ListenSockets {
    private final SocketAddress address;
    private final int[] descriptors;

    private ListenSockets(SocketAddress address, int[] descriptors) {
        this.address = address;
        this.descriptors = descriptors;
    }

    /** Where they listen; a port of 0 has become the real one. */
    SocketAddress address() {
        return address;
    }

    /** One per loop. */
    int[] descriptors() {
        return descriptors;
    }

    /**
     * Binds and listens. Any thread.
     *
     * @throws BindException if the address cannot be had, in the words that users look for
     */
    static ListenSockets open(
            Sockets sockets, SocketAddress address, int backlog, int count, List<SocketOption> options)
            throws IOException {
        int[] descriptors = new int[count];
        Arrays.fill(descriptors, -1);
        try {
            descriptors[0] = bound(sockets, address, false, options);
            SocketAddress real = sockets.localAddress(descriptors[0]);
            if (count > 1) {
                check(sockets.setOption(descriptors[0], Abi.SOL_SOCKET, Abi.SO_REUSEPORT, 1), real);
            }
            check(sockets.listen(descriptors[0], backlog), real);
            for (int i = 1; i < count; i++) {
                descriptors[i] = bound(sockets, real, true, options);
                check(sockets.listen(descriptors[i], backlog), real);
            }
            return new ListenSockets(real, descriptors);
        } catch (IOException | RuntimeException failed) {
            for (int descriptor : descriptors) {
                if (descriptor >= 0) {
                    sockets.close(descriptor);
                }
            }
            throw failed;
        }
    }

    private static int bound(Sockets sockets, SocketAddress address, boolean shared, List<SocketOption> options)
            throws IOException {
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
