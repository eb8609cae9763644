package io.hotpath.reactor;

import io.hotpath.Errno;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/** Error numbers as the exceptions that Reactor's users know. The texts are those that Reactor and Spring look for. */
final class Failures {
    private Failures() {}

    static @Nullable IOException of(int errno) {
        return switch (errno) {
            case 0 -> null;
            case Errno.ECONNREFUSED -> new ConnectException(Errno.text(errno));
            case Errno.EHOSTUNREACH -> new NoRouteToHostException(Errno.text(errno));
            case Errno.ETIMEDOUT -> new SocketTimeoutException(Errno.text(errno));
            default -> new IOException(Errno.text(errno));
        };
    }

    /** Why connecting to {@code address} failed; 0 if nobody wanted it any more. */
    static IOException connecting(int errno, SocketAddress address) {
        return switch (errno) {
            case 0 -> new ConnectException("closed before it was connected: " + address);
            case Errno.EHOSTUNREACH -> new NoRouteToHostException(Errno.text(errno) + ": " + address);
            case Errno.ETIMEDOUT -> new SocketTimeoutException(Errno.text(errno) + ": " + address);
            default -> new ConnectException(Errno.text(errno) + ": " + address);
        };
    }
}
