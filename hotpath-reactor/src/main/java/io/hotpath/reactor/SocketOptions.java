package io.hotpath.reactor;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import java.lang.System.Logger.Level;
import java.net.SocketOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Java's socket options as Linux' numbers. Found by name, so that {@code jdk.net.ExtendedSocketOptions} needs no module.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/socket.7.html">socket(7)</a>
 * @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7)</a>
 */
final class SocketOptions {
    private static final System.Logger LOG = System.getLogger(SocketOptions.class.getName());

    private static final int SOL_SOCKET = 1;
    private static final int IPPROTO_IP = 0;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_TCLASS = 67;
    private static final String LINGER = "SO_LINGER";
    private static final String TOS = "IP_TOS";

    /** The level and name of {@code setsockopt(2)}. */
    private record Native(int level, int name) {}

    private static final Map<String, Native> BY_NAME = Map.ofEntries(
            Map.entry("SO_REUSEADDR", new Native(SOL_SOCKET, 2)),
            Map.entry("SO_SNDBUF", new Native(SOL_SOCKET, 7)),
            Map.entry("SO_RCVBUF", new Native(SOL_SOCKET, 8)),
            Map.entry("SO_KEEPALIVE", new Native(SOL_SOCKET, 9)),
            Map.entry("SO_REUSEPORT", new Native(SOL_SOCKET, 15)),
            Map.entry(LINGER, new Native(SOL_SOCKET, 13)),
            Map.entry(TOS, new Native(IPPROTO_IP, 1)),
            Map.entry("TCP_NODELAY", new Native(IPPROTO_TCP, 1)),
            Map.entry("TCP_KEEPIDLE", new Native(IPPROTO_TCP, 4)),
            Map.entry("TCP_KEEPINTERVAL", new Native(IPPROTO_TCP, 5)),
            Map.entry("TCP_KEEPCOUNT", new Native(IPPROTO_TCP, 6)),
            Map.entry("TCP_QUICKACK", new Native(IPPROTO_TCP, 12)));

    private SocketOptions() {}

    /**
     * Returns {@code value} if {@code option} can have it.
     *
     * @throws UnsupportedOperationException if there is no such option of a stream socket
     * @throws IllegalArgumentException      if it cannot have that value
     */
    static <T> @Nullable T checked(SocketOption<T> option, @Nullable T value) {
        if (!BY_NAME.containsKey(option.name())) {
            throw new UnsupportedOperationException("'" + option.name() + "' is not supported on a stream socket");
        }
        if (value != null && !option.type().isInstance(value)) {
            throw new IllegalArgumentException(option.name() + " takes " + option.type().getSimpleName() + ", not "
                    + value.getClass().getName());
        }
        if (option.name().equals(LINGER) && value instanceof Integer seconds && seconds > 0) {
            throw new IllegalArgumentException("SO_LINGER of " + seconds
                    + " seconds would block a loop in close: closing"
                    + " in order waits by itself, see closeTimeout and lingerTimeout of EngineConfig; 0 and -1 are possible");
        }
        return value;
    }

    /** For sockets that are about to be bound. */
    static List<io.hotpath.engine.SocketOption> ofListener(Map<SocketOption<?>, Object> options) {
        List<io.hotpath.engine.SocketOption> result = new ArrayList<>();
        options.forEach((option, value) -> {
            if (option.name().equals(LINGER)) {
                throw new IllegalArgumentException("SO_LINGER is of connections: use childOption");
            }
            Native known = known(option);
            result.add(new io.hotpath.engine.SocketOption(known.level(), known.name(), number(value)));
        });
        return result;
    }

    /** Sets each option of {@code connection}. What its socket refuses is logged, as TCP's are on a Unix domain socket. */
    static void apply(Map<SocketOption<?>, Object> options, Connection connection) {
        options.forEach((option, value) -> {
            int result = set(connection, option, number(value));
            if (result < 0) {
                LOG.log(Level.DEBUG,
                        () -> connection + " option=" + option.name() + " refused=" + Errno.name(-result));
            }
        });
    }

    private static int set(Connection connection, SocketOption<?> option, int value) {
        Native known = known(option);
        return switch (option.name()) {
            case LINGER -> value < 0 ? 0 : connection.lingerZero();
            case TOS -> Math.max(connection.setOption(known.level(), known.name(), value),
                    connection.setOption(IPPROTO_IPV6, IPV6_TCLASS, value)); // whichever family it is of
            default -> connection.setOption(known.level(), known.name(), value);
        };
    }

    private static Native known(SocketOption<?> option) {
        return Objects.requireNonNull(BY_NAME.get(option.name()));
    }

    private static int number(Object value) {
        return switch (value) {
            case Boolean on -> on ? 1 : 0;
            case Integer number -> number;
            default -> throw new IllegalArgumentException(value + " is neither a number nor a boolean");
        };
    }
}
