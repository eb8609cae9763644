package io.hotpath.engine;

import io.hotpath.kernel.sim.SimPeer;
import java.io.ByteArrayOutputStream;

/** A client of a simulated kernel. */
final class SimClient implements Client {
    private final SimPeer peer;
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private boolean stalled;

    SimClient(SimPeer peer) {
        this.peer = peer;
    }

    void pump() {
        if (!stalled && peer.received().length > 0) {
            taken.writeBytes(peer.takeReceived());
        }
    }

    @Override
    public void send(byte... bytes) {
        peer.send(bytes);
    }

    @Override
    public byte[] received() {
        pump();
        return taken.toByteArray();
    }

    @Override
    public long receivedCount() {
        return peer.receivedCount();
    }

    @Override
    public void stall() {
        stalled = true;
        peer.stall();
    }

    /** At most {@code bytes} are under way to it. */
    void receiveWindow(int bytes) {
        if (!stalled) {
            peer.receiveWindow(bytes);
        }
    }

    @Override
    public void resume() {
        stalled = false;
        peer.resume();
    }

    @Override
    public void finish() {
        peer.finish();
    }

    @Override
    public void reset() {
        peer.reset();
    }

    @Override
    public boolean sawFin() {
        return peer.sawFin();
    }

    @Override
    public boolean sawReset() {
        return peer.sawReset();
    }

    @Override
    public String toString() {
        return peer.toString();
    }
}
