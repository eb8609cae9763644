package io.hotpath.kernel.sim;

import io.hotpath.kernel.Abi;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A virtual stream socket: fresh, bound, listening or connected. */
final class SimSocket extends SimFile {
    final int family;

    /** Connections that came and were not accepted yet; unbounded, because a full backlog only makes clients wait. */
    final ArrayDeque<Endpoint> backlog = new ArrayDeque<>();

    private final Network network;
    private final Map<Long, Integer> options = new HashMap<>();

    /** Null until bound, connected or accepted. */
    @Nullable SocketAddress local;

    /** Null until connected. */
    @Nullable Endpoint endpoint;

    /** The send in flight, null without one. */
    @Nullable Request sending;

    boolean lingerZero;
    boolean listening;
    private int pulse;

    SimSocket(Network network, int family) {
        this.network = network;
        this.family = family;
    }

    /** A socket for a connection that {@code listener} accepted: it inherits the options, as on Linux. */
    static SimSocket accepted(SimSocket listener, Endpoint endpoint) {
        SimSocket socket = new SimSocket(listener.network, listener.family);
        socket.options.putAll(listener.options);
        socket.lingerZero = listener.lingerZero;
        socket.connected(endpoint);
        return socket;
    }

    void connected(Endpoint end) {
        endpoint = end;
        local = end.local;
        pulse++;
    }

    void queue(Endpoint end) {
        backlog.add(end);
        pulse++;
    }

    void stopListening() {
        listening = false;
        pulse++;
        backlog.forEach(Endpoint::reset);
        backlog.clear();
    }

    void option(int level, int name, int value) {
        options.put(key(level, name), value);
    }

    int option(int level, int name) {
        return options.getOrDefault(key(level, name), 0);
    }

    boolean has(int option) {
        return option(Abi.SOL_SOCKET, option) != 0;
    }

    @Override
    int pollMask() {
        Endpoint end = endpoint;
        if (end != null) {
            return end.pollMask();
        }
        if (listening) {
            return backlog.isEmpty() ? 0 : Abi.POLLIN;
        }
        return Abi.POLLOUT | Abi.POLLHUP;
    }

    @Override
    int pulse() {
        Endpoint end = endpoint;
        return end == null ? pulse : pulse + end.pulse();
    }

    @Override
    void release() {
        network.unbind(this);
        stopListening();
        Endpoint end = endpoint;
        if (end == null) {
            return;
        }
        if (lingerZero) {
            end.reset();
        } else {
            end.close();
        }
    }

    private static long key(int level, int name) {
        return ((long) level << 32) | name;
    }
}
