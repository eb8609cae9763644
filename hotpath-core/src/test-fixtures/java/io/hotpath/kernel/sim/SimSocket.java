package io.hotpath.kernel.sim;

import io.hotpath.kernel.Abi;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A virtual stream socket: fresh, bound, listening or connected. */
final class SimSocket extends SimFile {
    private static final int NONE = -1;

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

    /** Who has not answered our connect yet, null without one in progress. */
    private @Nullable SimPeerListener connecting;

    /** The errno of a connect that was decided and not asked for, 0 if it succeeded, -1 without one. */
    private int outcome = NONE;

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

    void await(SimPeerListener listener) {
        connecting = listener;
        pulse++;
    }

    boolean isConnecting() {
        return connecting != null;
    }

    void decided(int errno) {
        connecting = null;
        outcome = errno;
        pulse++;
    }

    boolean hasOutcome() {
        return outcome != NONE;
    }

    /** The pending error of a connect, 0 if there is none. */
    int takeOutcome() {
        int taken = Math.max(outcome, 0);
        outcome = NONE;
        return taken;
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
        if (connecting != null) {
            return 0;
        }
        return Abi.POLLOUT | Abi.POLLHUP | (outcome > 0 ? Abi.POLLERR | Abi.POLLIN : 0);
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
        connecting = null;
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
