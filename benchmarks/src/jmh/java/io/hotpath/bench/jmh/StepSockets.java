package io.hotpath.bench.jmh;

import io.hotpath.kernel.Sockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Sockets that agree to everything. */
final class StepSockets implements Sockets {
    private static final SocketAddress ADDRESS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

    @Override
    public int socket(int family) {
        return StepRing.LISTENER;
    }

    @Override
    public int bind(int fd, SocketAddress address) {
        return 0;
    }

    @Override
    public int listen(int fd, int backlog) {
        return 0;
    }

    @Override
    public int shutdown(int fd, int how) {
        return 0;
    }

    @Override
    public int setOption(int fd, int level, int name, int value) {
        return 0;
    }

    @Override
    public int option(int fd, int level, int name) {
        return 0;
    }

    @Override
    public int lingerZero(int fd) {
        return 0;
    }

    @Override
    public int sendProgress(int fd) {
        return 0;
    }

    @Override
    public SocketAddress localAddress(int fd) {
        return ADDRESS;
    }

    @Override
    public SocketAddress peerAddress(int fd) {
        return ADDRESS;
    }

    @Override
    public int close(int fd) {
        return 0;
    }
}
