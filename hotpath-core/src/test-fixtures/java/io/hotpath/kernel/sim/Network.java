package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who is bound to what, and who answers a connect. */
final class Network {
    private static final int EPHEMERAL_FIRST = 32768;
    private static final int EPHEMERAL_LAST = 60999;

    private final Dice dice;
    private final List<SimSocket> bound = new ArrayList<>();
    private final Map<Integer, SimPeerListener> peerListeners = new HashMap<>();
    private int ephemeral = EPHEMERAL_FIRST;

    Network(Dice dice) {
        this.dice = dice;
    }

    int bind(SimSocket socket, SocketAddress address) {
        if (socket.local != null) {
            return -Errno.EINVAL;
        }
        SocketAddress local =
                address instanceof InetSocketAddress inet && inet.getPort() == 0
                        ? new InetSocketAddress(inet.getAddress(), freePort())
                        : address;
        if (taken(local) || conflicts(socket, local, true)) {
            return -Errno.EADDRINUSE;
        }
        socket.local = local;
        bound.add(socket);
        return 0;
    }

    int listen(SimSocket socket) {
        SocketAddress local = socket.local;
        if (socket.endpoint != null) {
            return -Errno.EINVAL;
        }
        if (local == null) {
            int error = bind(socket, new InetSocketAddress(0));
            if (error != 0) {
                return error;
            }
        } else if (conflicts(socket, local, false)) {
            return -Errno.EADDRINUSE;
        }
        socket.listening = true;
        return 0;
    }

    void unbind(SimSocket socket) {
        bound.remove(socket);
    }

    void add(SimPeerListener listener) {
        InetSocketAddress local = loopback(listener.port());
        boolean used = bound.stream().anyMatch(s -> s.local != null && overlap(s.local, local));
        if (used || peerListeners.putIfAbsent(listener.port(), listener) != null) {
            throw new IllegalStateException("port " + listener.port() + " of the simulation is in use");
        }
    }

    void remove(SimPeerListener listener) {
        peerListeners.remove(listener.port());
    }

    /** A listening socket at {@code address}, by chance one of several that share it; null if there is none. */
    @Nullable
    SimSocket listener(SocketAddress address) {
        List<SimSocket> found = bound.stream()
                .filter(s -> s.listening && s.local != null && overlap(s.local, address))
                .toList();
        return found.isEmpty() ? null : found.get(dice.below(found.size()));
    }

    /** The scripted listener at {@code address}, null if there is none. */
    @Nullable
    SimPeerListener peerListener(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? peerListeners.get(inet.getPort()) : null;
    }

    /** An address that nobody uses, for the connecting end of a connection to {@code remote}. */
    SocketAddress clientAddress(SocketAddress remote) {
        return remote instanceof InetSocketAddress ? loopback(freePort()) : remote;
    }

    /** A wildcard listener is reached at an address of its own. */
    static SocketAddress reachable(SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.getAddress().isAnyLocalAddress()
                ? loopback(inet.getPort())
                : address;
    }

    static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    private int freePort() {
        int port;
        do {
            port = ephemeral;
            ephemeral = ephemeral == EPHEMERAL_LAST ? EPHEMERAL_FIRST : ephemeral + 1;
        } while (used(port));
        return port;
    }

    private boolean used(int port) {
        return peerListeners.containsKey(port)
                || bound.stream().anyMatch(s -> s.local instanceof InetSocketAddress inet && inet.getPort() == port);
    }

    private boolean taken(SocketAddress address) {
        return address instanceof InetSocketAddress inet && peerListeners.containsKey(inet.getPort());
    }

    /** Two sockets may share an address if both want REUSEPORT or, until one of them listens, both want REUSEADDR. */
    private boolean conflicts(SimSocket socket, SocketAddress local, boolean binding) {
        for (SimSocket holder : bound) {
            if (holder == socket || holder.local == null || !overlap(holder.local, local)) {
                continue;
            }
            boolean reusePort = socket.has(Abi.SO_REUSEPORT) && holder.has(Abi.SO_REUSEPORT);
            boolean reuseAddress = socket.has(Abi.SO_REUSEADDR) && holder.has(Abi.SO_REUSEADDR) && !holder.listening;
            boolean idle = !binding && !holder.listening;
            if (!reusePort && !reuseAddress && !idle) {
                return true;
            }
        }
        return false;
    }

    private static boolean overlap(SocketAddress one, SocketAddress two) {
        if (!(one instanceof InetSocketAddress a) || !(two instanceof InetSocketAddress b)) {
            return one.equals(two);
        }
        return a.getPort() == b.getPort()
                && (a.getAddress().isAnyLocalAddress()
                        || b.getAddress().isAnyLocalAddress()
                        || a.getAddress().equals(b.getAddress()));
    }
}
