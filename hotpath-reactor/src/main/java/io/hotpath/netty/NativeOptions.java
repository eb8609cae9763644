package io.hotpath.netty;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import io.hotpath.engine.SocketOption;
import io.netty.channel.ChannelException;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedChannelException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The native options of one channel: remembered until it has a socket, then the kernel's. Any thread.
 */
final class NativeOptions {
    private static final System.Logger LOG = System.getLogger(NativeOptions.class.getName());

    /** What is asked for before there is a socket. */
    private @Nullable Map<NativeOption, Integer> asked;

    private @Nullable Connection connection;

    /** Whether the socket does not delay, so that it need not be told again. */
    private boolean noDelay;

    /**
     * The socket is there: gives it what was asked for before.
     *
     * @param noDelay whether it comes with {@code TCP_NODELAY}
     */
    synchronized void apply(Connection socket, boolean noDelay) {
        Map<NativeOption, Integer> before = asked;
        connection = socket;
        this.noDelay = noDelay;
        asked = null;
        if (before != null) {
            before.forEach((option, value) -> {
                int result = give(socket, option, value);
                if (result < 0) {
                    LOG.log(Level.WARNING,
                            () -> "option=" + option + " value=" + value + " refused=" + Errno.name(-result));
                }
            });
        }
    }

    private int give(Connection socket, NativeOption option, int value) {
        boolean delays = option == NativeOption.TCP_NODELAY;
        if (delays && noDelay && value != 0 && socket.open()) {
            return 0;
        }
        noDelay &= !delays;
        return socket.setOption(option.level(), option.name(), value);
    }

    /** What was asked for, for sockets that are about to be bound. */
    synchronized List<SocketOption> asked() {
        Map<NativeOption, Integer> before = asked;
        return before == null ? List.of() : before.entrySet().stream()
                .map(each -> each.getKey().socketOption(each.getValue()))
                .toList();
    }

    synchronized void set(NativeOption option, Object value) {
        int raw = option.toNative(value);
        Connection socket = connection;
        if (socket != null) {
            check(give(socket, option, raw));
            return;
        }
        Map<NativeOption, Integer> before = asked;
        if (before == null) {
            before = new LinkedHashMap<>();
            asked = before;
        }
        before.put(option, raw);
    }

    /**
     * @param byDefault what the kernel would say of a socket that is not there yet
     */
    synchronized int get(NativeOption option, int byDefault) {
        Connection socket = connection;
        if (socket != null) {
            return check(socket.option(option.level(), option.name()));
        }
        Map<NativeOption, Integer> before = asked;
        return before == null ? byDefault : before.getOrDefault(option, byDefault);
    }

    private static int check(int result) {
        if (result == -Errno.EBADF) {
            throw new ChannelException(new ClosedChannelException());
        }
        if (result < 0) {
            throw new ChannelException(Errno.text(-result));
        }
        return result;
    }
}
