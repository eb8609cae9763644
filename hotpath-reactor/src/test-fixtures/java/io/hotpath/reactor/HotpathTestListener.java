package io.hotpath.reactor;

import io.hotpath.kernel.sim.SimPeer;
import io.hotpath.kernel.sim.SimPeerListener;

/** A listener played by the test, for clients under test to connect to. */
public final class HotpathTestListener {
    private final HotpathTestSimulation simulation;
    private final SimPeerListener listener;

    HotpathTestListener(HotpathTestSimulation simulation, SimPeerListener listener) {
        this.simulation = simulation;
        this.listener = listener;
    }

    /** The port that clients connect to. */
    public int port() {
        return listener.port();
    }

    /**
     * The oldest connection that was not taken yet.
     *
     * @throws IllegalStateException if nobody has connected
     */
    public HotpathTestPeer accept() {
        simulation.run();
        SimPeer peer = listener.accept();
        HotpathTestPeer own = simulation.add(peer);
        simulation.run();
        return own;
    }

    /** While silent, who connects gets no answer, as behind a firewall; who waits is answered when it ends. */
    public void silent(boolean value) {
        listener.silent(value);
        simulation.run();
    }

    /** From now on connects are refused. */
    public void close() {
        listener.close();
        simulation.run();
    }
}
