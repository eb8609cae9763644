package io.hotpath.engine;

import io.hotpath.kernel.sim.SimPeer;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A client, or a server that was connected to, with what it sent and what came. */
final class StoryPeer {
    final SimPeer peer;
    final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    boolean wasReset;

    /** The engine's side, once it has one. */
    @Nullable Talk talk;

    private final SplittableRandom bytes;
    private byte[] sentBytes = new byte[0];
    private boolean finished;
    private boolean stalled;
    private int received;

    StoryPeer(SimPeer peer, long seed) {
        this.peer = peer;
        bytes = new SplittableRandom(seed);
    }

    void send(int count) {
        if (!finished && !wasReset && !peer.sawReset()) {
            byte[] random = new byte[count];
            bytes.nextBytes(random);
            peer.send(random);
            sent.writeBytes(random);
        }
    }

    void stall() {
        stalled = true;
        peer.stall();
    }

    void resume(int window) {
        stalled = false;
        peer.receiveWindow(window);
        peer.resume();
    }

    void finish() {
        if (!finished && !wasReset) {
            finished = true;
            peer.finish();
        }
    }

    void reset() {
        wasReset = true;
        peer.reset();
    }

    /** Reads what came: it goes on where what came before has ended. */
    void read() {
        if (stalled) {
            return;
        }
        byte[] came = peer.takeReceived();
        if (came.length > 0) {
            Talk owner = talk;
            Invariants.require(owner != null, () -> this + " received what nobody sent");
            owner.checkOutput(received, came);
            received += came.length;
        }
    }

    int received() {
        return received;
    }

    /** What the engine's side received goes on where what came before has ended. */
    void checkInput(int from, byte[] came, int count) {
        if (sentBytes.length < from + count) {
            sentBytes = sent.toByteArray();
        }
        boolean same = from + count <= sentBytes.length
                && Arrays.equals(sentBytes, from, from + count, came, 0, count);
        Invariants.require(same, () -> "bytes " + from + " to " + (from + count) + " that came from " + this
                + " are not what it sent there");
    }

    @Override
    public String toString() {
        return peer.toString();
    }
}
