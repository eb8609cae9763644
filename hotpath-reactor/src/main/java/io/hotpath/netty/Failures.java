package io.hotpath.netty;

import io.hotpath.Errno;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;

/** Error numbers as the exceptions that Netty's users know. */
final class Failures {
    private Failures() {}

    /** Why a connection or a write on it failed. Users match the texts "Connection reset by peer" and "Broken pipe". */
    static IOException io(int errno) {
        return errno == Errno.ECANCELED ? new ClosedChannelException() : new IOException(Errno.text(errno));
    }

    /** Why connecting failed. */
    static IOException connect(int errno) {
        return switch (errno) {
            case Errno.ECONNREFUSED, Errno.ETIMEDOUT, Errno.ECONNRESET -> new ConnectException(Errno.text(errno));
            case Errno.EHOSTUNREACH, Errno.ENETUNREACH -> new NoRouteToHostException(Errno.text(errno));
            case Errno.ECANCELED -> new ClosedChannelException();
            default -> new SocketException(Errno.text(errno));
        };
    }
}
