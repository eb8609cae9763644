package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import java.net.SocketAddress;

/**
 * CONNECT; the address was copied at submission. A listener that is silent answers nothing, so the request waits; the connect itself goes on in
 * the socket, also when the request is cancelled.
 */
final class ConnectRequest extends Request {
    private final SimSocket socket;
    private final SocketAddress remote;
    private boolean begun;

    ConnectRequest(SimRing ring, Submission sqe, SimSocket socket, SocketAddress remote) {
        super(ring, sqe, socket);
        this.socket = socket;
        this.remote = remote;
    }

    @Override
    boolean isReady() {
        return !begun || !socket.isConnecting();
    }

    @Override
    void attempt() {
        if (begun) {
            finish(-socket.takeOutcome(), 0);
        } else if (socket.isConnecting()) {
            finish(-Errno.EALREADY, 0);
        } else if (socket.hasOutcome()) {
            finish(-socket.takeOutcome(), 0);
        } else if (socket.endpoint != null) {
            finish(-Errno.EISCONN, 0);
        } else {
            begin();
        }
    }

    private void begin() {
        SimSocket listener = kernel.network.listener(remote);
        SimPeerListener peers = kernel.network.peerListener(remote);
        if (listener != null) {
            listener.queue(connect());
            finish(0, 0);
        } else if (peers == null) {
            finish(-Errno.ECONNREFUSED, 0);
        } else if (peers.isSilent()) {
            begun = true;
            socket.await(peers);
            peers.await(this::answered);
        } else {
            peers.queue(connect());
            finish(0, 0);
        }
    }

    @Override
    boolean isMultishot() {
        return false;
    }

    /** The listener answers at last, or is gone. */
    private void answered(SimPeerListener peers, boolean accepts) {
        if (!socket.isConnecting()) {
            return; // closed meanwhile
        }
        socket.decided(accepts ? 0 : Errno.ECONNREFUSED);
        if (accepts) {
            peers.queue(connect());
        }
    }

    /** Connects our end and returns the other. */
    private Endpoint connect() {
        SocketAddress local = socket.local == null ? kernel.network.clientAddress(remote) : socket.local;
        Endpoint end = new Endpoint(local, Network.reachable(remote));
        socket.connected(end);
        return end.other;
    }
}
