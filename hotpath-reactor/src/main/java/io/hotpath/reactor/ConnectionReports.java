package io.hotpath.reactor;

import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.EngineConfig;
import java.util.Objects;

/**
 * Takes what an engine reports of connections to their own {@link HotpathConnection}; what that has not taken for itself is
 * an event. Loop thread.
 */
abstract class ConnectionReports implements ConnectionHandler {
    /** Gives {@code connection} its view; called where it is accepted or made. */
    static HotpathConnection view(Connection connection, ConnectionReports reports) {
        HotpathConnection own = new HotpathConnection(connection);
        connection.attach(own);
        connection.adopt(reports);
        return own;
    }

    /**
     * {@code config} for connections that are all their own: what waits to be sent is bounded per {@code send} and by the
     * lease quota, and must not stop receiving as well. Two peers that both send before they read would wait for each other.
     */
    static EngineConfig ownDemand(EngineConfig config) {
        return config.withOutbound(Integer.MAX_VALUE, config.outboundBytesMax());
    }

    /** Something came on a connection that has not left the events. Returns whether somebody has it now. */
    abstract boolean event(HotpathEvent event);

    /** {@code own} is closed and has heard so. */
    abstract void gone(HotpathConnection own, int errno);

    @Override
    public final void received(Connection connection, long lease, int length) {
        HotpathConnection own = own(connection);
        LeasedBuffer buffer = new LeasedBuffer(connection.engine().leases(), lease, length);
        ReceiveFlux taken = own.ownReceive();
        if (taken != null) {
            taken.received(buffer);
            return;
        }
        if (!event(new HotpathEvent.Recv(own, buffer))) {
            buffer.discard();
        }
    }

    @Override
    public final void inputEnded(Connection connection) {
        ReceiveFlux taken = own(connection).ownReceive();
        if (taken != null) {
            taken.inputEnded();
        }
    }

    @Override
    public final void sent(Connection connection, long token, long bytes, int errno) {
        HotpathConnection own = own(connection);
        if (own.ownReceive() != null) {
            own.outbounds().sent(token, bytes, errno);
            own.closeIfDrained();
        } else {
            event(new HotpathEvent.Send(own, token, bytes, Failures.of(errno)));
        }
    }

    @Override
    public final void closed(Connection connection, int errno) {
        HotpathConnection own = own(connection);
        own.ended(errno);
        gone(own, errno);
    }

    private static HotpathConnection own(Connection connection) {
        return (HotpathConnection) Objects.requireNonNull(connection.attachment());
    }
}
