package io.hotpath.kernel.sim;

import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A listener played by the test, for what connects from the ring under test. */
public final class SimPeerListener {
    private final SimKernel kernel;
    private final int port;
    private final ArrayDeque<SimPeer> queue = new ArrayDeque<>();
    private final List<Waiter> waiting = new ArrayList<>();
    private boolean silent;

    SimPeerListener(SimKernel kernel, int port) {
        this.kernel = kernel;
        this.port = port;
    }

    /** The port on every local address. */
    public int port() {
        return port;
    }

    /** Where to connect to. */
    public SocketAddress address() {
        return Network.loopback(port);
    }

    /** The oldest connection that was not taken yet, null without one. */
    public @Nullable SimPeer poll() {
        return queue.poll();
    }

    /** The oldest connection that was not taken yet. */
    public SimPeer accept() {
        SimPeer peer = queue.poll();
        if (peer == null) {
            throw new IllegalStateException("nobody has connected to port " + port + "; " + kernel);
        }
        return peer;
    }

    /** While silent, connects get no answer and wait; the waiting ones are answered when it ends. */
    public void silent(boolean value) {
        silent = value;
        if (!silent) {
            answer(true);
        }
    }

    /** From now on connects are refused, the waiting ones too. */
    public void close() {
        kernel.network.remove(this);
        answer(false);
    }

    boolean isSilent() {
        return silent;
    }

    /** {@code waiter} is told when it is answered. */
    void await(Waiter waiter) {
        waiting.add(waiter);
    }

    private void answer(boolean accepts) {
        List<Waiter> answered = List.copyOf(waiting);
        waiting.clear();
        answered.forEach(waiter -> waiter.answered(this, accepts));
    }

    /** Somebody whose connect got no answer yet. */
    @FunctionalInterface
    interface Waiter {
        void answered(SimPeerListener listener, boolean accepts);
    }

    void queue(Endpoint end) {
        queue.add(new SimPeer(kernel, end, false));
    }
}
