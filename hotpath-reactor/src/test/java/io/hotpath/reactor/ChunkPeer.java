package io.hotpath.reactor;

import io.hotpath.kernel.sim.SimKernel;
import io.hotpath.kernel.sim.SimPeer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A simulated client that sends a buffer's worth of bytes at a time, each when the one before was received, then ends its side. */
final class ChunkPeer implements SimLoops.Peers {
    private final SimKernel kernel;
    private final long chunks;
    private @Nullable SimPeer peer;
    private long sent;
    private boolean finished;

    ChunkPeer(SimKernel kernel, long chunks) {
        this.kernel = kernel;
        this.chunks = chunks;
    }

    @Override
    public boolean play() {
        if (peer == null || peer.refused()) {
            peer = kernel.connect(SimLoops.PORT);
            return true;
        }
        SimPeer own = Objects.requireNonNull(peer);
        own.takeReceived();
        if (finished || own.sawReset() || own.unread() > 0) {
            return false;
        }
        if (sent < chunks) {
            own.send(new byte[SimLoops.CHUNK_BYTES]);
            sent++;
        } else {
            finished = true;
            own.finish();
        }
        return true;
    }
}
