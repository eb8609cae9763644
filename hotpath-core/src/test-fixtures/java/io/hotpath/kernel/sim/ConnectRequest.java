package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import java.net.SocketAddress;

/** CONNECT; the address was copied at submission. A listener that is silent answers nothing, so the request waits. */
final class ConnectRequest extends Request {
    private final SimSocket socket;
    private final SocketAddress remote;

    ConnectRequest(SimRing ring, Submission sqe, SimSocket socket, SocketAddress remote) {
        super(ring, sqe, socket);
        this.socket = socket;
        this.remote = remote;
    }

    @Override
    boolean isReady() {
        SimPeerListener peers = kernel.network.peerListener(remote);
        return peers == null || !peers.isSilent();
    }

    @Override
    void attempt() {
        if (socket.endpoint != null) {
            finish(-Errno.EISCONN, 0);
            return;
        }
        SimSocket listener = kernel.network.listener(remote);
        SimPeerListener peers = kernel.network.peerListener(remote);
        if (listener != null) {
            listener.queue(connect());
            finish(0, 0);
        } else if (peers == null) {
            finish(-Errno.ECONNREFUSED, 0);
        } else if (!peers.isSilent()) {
            peers.queue(connect());
            finish(0, 0);
        }
    }

    @Override
    boolean isMultishot() {
        return false;
    }

    /** Connects our end and returns the other. */
    private Endpoint connect() {
        SocketAddress local = socket.local == null ? kernel.network.clientAddress(remote) : socket.local;
        Endpoint end = new Endpoint(local, Network.reachable(remote));
        socket.connected(end);
        return end.other;
    }
}
