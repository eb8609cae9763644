package io.hotpath.netty;

import io.hotpath.engine.SocketOption;
import io.netty.channel.ChannelOption;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A channel option that is a socket option of Linux. Found by the last part of the option's name, so that the constants of
 * Netty's other transports ({@code EpollChannelOption.TCP_KEEPIDLE}, {@code NioChannelOption.of(...)}) work as they are.
 *
 * @param level of {@code setsockopt(2)}
 * @param name  of {@code setsockopt(2)}
 * @param kind  what Netty's constant carries
 * @see <a href="https://man7.org/linux/man-pages/man7/tcp.7.html">tcp(7)</a>
 */
record NativeOption(int level, int name, Kind kind) {
    private static final int IPPROTO_IP = 0;
    private static final int SOL_SOCKET = 1;
    private static final int IPPROTO_TCP = 6;

    static final NativeOption SO_REUSEADDR = bool(SOL_SOCKET, 2);
    static final NativeOption SO_SNDBUF = number(SOL_SOCKET, 7);
    static final NativeOption SO_RCVBUF = number(SOL_SOCKET, 8);
    static final NativeOption SO_KEEPALIVE = bool(SOL_SOCKET, 9);
    static final NativeOption TCP_NODELAY = bool(IPPROTO_TCP, 1);
    static final NativeOption IP_TOS = number(IPPROTO_IP, 1);

    private static final Map<String, NativeOption> BY_NAME = byName();

    private static Map<String, NativeOption> byName() {
        Map<String, NativeOption> options = new HashMap<>();
        options.put("SO_REUSEADDR", SO_REUSEADDR);
        options.put("SO_SNDBUF", SO_SNDBUF);
        options.put("SO_RCVBUF", SO_RCVBUF);
        options.put("SO_KEEPALIVE", SO_KEEPALIVE);
        options.put("SO_REUSEPORT", bool(SOL_SOCKET, 15));
        options.put("SO_BUSY_POLL", number(SOL_SOCKET, 46));
        options.put("IP_TOS", IP_TOS);
        options.put("IP_FREEBIND", bool(IPPROTO_IP, 15));
        options.put("IP_TRANSPARENT", bool(IPPROTO_IP, 19));
        options.put("IP_BIND_ADDRESS_NO_PORT", bool(IPPROTO_IP, 24));
        options.put("TCP_NODELAY", TCP_NODELAY);
        options.put("TCP_MAXSEG", number(IPPROTO_TCP, 2));
        options.put("TCP_CORK", bool(IPPROTO_TCP, 3));
        options.put("TCP_KEEPIDLE", number(IPPROTO_TCP, 4));
        options.put("TCP_KEEPINTVL", number(IPPROTO_TCP, 5));
        options.put("TCP_KEEPINTERVAL", number(IPPROTO_TCP, 5)); // the JDK's name
        options.put("TCP_KEEPCNT", number(IPPROTO_TCP, 6));
        options.put("TCP_KEEPCOUNT", number(IPPROTO_TCP, 6)); // the JDK's name
        options.put("TCP_SYNCNT", number(IPPROTO_TCP, 7));
        options.put("TCP_DEFER_ACCEPT", number(IPPROTO_TCP, 9));
        options.put("TCP_QUICKACK", bool(IPPROTO_TCP, 12));
        options.put("TCP_USER_TIMEOUT", number(IPPROTO_TCP, 18));
        options.put("TCP_FASTOPEN", number(IPPROTO_TCP, 23));
        options.put("TCP_NOTSENT_LOWAT", new NativeOption(IPPROTO_TCP, 25, Kind.LONG));
        return options;
    }

    private static NativeOption bool(int level, int name) {
        return new NativeOption(level, name, Kind.BOOL);
    }

    private static NativeOption number(int level, int name) {
        return new NativeOption(level, name, Kind.INT);
    }

    /** The native option behind {@code option}, {@code null} if it is another kind of option. */
    static @Nullable NativeOption of(ChannelOption<?> option) {
        return BY_NAME.get(simpleName(option));
    }

    /** {@code TCP_KEEPIDLE} of {@code io.netty.channel.epoll.EpollChannelOption#TCP_KEEPIDLE}. */
    static String simpleName(ChannelOption<?> option) {
        String name = option.name();
        return name.substring(name.lastIndexOf('#') + 1);
    }

    /** The value as the kernel takes it. */
    int toNative(Object value) {
        return switch (value) {
            case Boolean on -> on ? 1 : 0;
            case Number number -> Math.toIntExact(number.longValue());
            default -> throw new IllegalArgumentException(value + " is neither a number nor a boolean");
        };
    }

    /** For sockets of the engine that are about to be bound. */
    SocketOption socketOption(int value) {
        return new SocketOption(level, name, value);
    }

    /** The value as the option's users know it. */
    Object fromNative(int value) {
        return switch (kind) {
            case BOOL -> value != 0;
            case INT -> value;
            case LONG -> Integer.toUnsignedLong(value);
        };
    }

    /** The Java type of an option's value. */
    enum Kind {
        BOOL, INT, LONG
    }
}
