package io.hotpath.kernel.conformance;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.sim.SimKernel;
import io.hotpath.kernel.sim.SimPeer;
import io.hotpath.kernel.sim.SimPeerListener;
import java.net.SocketAddress;

/** The simulated kernel without faults, so that only what the contract says happens. */
final class SimWorld implements World {
    private static final int WINDOW_BYTES = 64 * 1024;
    private static final int PORT = 9009;

    private final SimKernel kernel = SimKernel.create(1);
    private boolean limited;

    @Override
    public Kernel kernel() {
        return kernel;
    }

    @Override
    public Peer connect(SocketAddress address) {
        if (limited) {
            kernel.sockets().socket(Abi.AF_INET); // on a real host the peer has one as well
        }
        return new Simulated(kernel.connect(address));
    }

    @Override
    public PeerListener listen() {
        SimPeerListener listener = kernel.listenPeer(PORT);
        return new PeerListener() {
            @Override
            public SocketAddress address() {
                return listener.address();
            }

            @Override
            public Peer accept() {
                return new Simulated(listener.accept());
            }

            @Override
            public void silence() {
                listener.silent(true);
            }

            @Override
            public void answer() {
                listener.silent(false);
            }

            @Override
            public void close() {
                listener.close();
            }
        };
    }

    @Override
    public AutoCloseable descriptorsLeft(int free) {
        kernel.descriptorLimit(3 + kernel.openDescriptors() + free);
        limited = true;
        return () -> {
            limited = false;
            kernel.descriptorLimit(1 << 20);
        };
    }

    @Override
    public void close() {}

    private record Simulated(SimPeer peer) implements Peer {
        Simulated {
            peer.receiveWindow(WINDOW_BYTES);
        }

        @Override
        public void send(byte[] bytes) {
            peer.send(bytes);
        }

        @Override
        public byte[] read() {
            return peer.takeReceived();
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
        public boolean sawEnd() {
            return peer.sawFin();
        }

        @Override
        public boolean sawReset() {
            return peer.sawReset();
        }

        @Override
        public void close() {
            peer.close();
        }
    }
}
