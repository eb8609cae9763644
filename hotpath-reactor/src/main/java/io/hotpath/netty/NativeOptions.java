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

    private final Map<NativeOption, Integer> remembered = new LinkedHashMap<>();
    private @Nullable Connection connection;

    /** The socket is there: gives it what was asked for before. */
    synchronized void apply(Connection socket) {
        connection = socket;
        remembered.forEach((option, value) -> {
            int result = socket.setOption(option.level(), option.name(), value);
            if (result < 0) {
                LOG.log(Level.WARNING,
                        () -> "option=" + option + " value=" + value + " refused=" + Errno.name(-result));
            }
        });
    }

    /** What was asked for, for sockets that are about to be bound. */
    synchronized List<SocketOption> asked() {
        return remembered.entrySet().stream()
                .map(each -> new SocketOption(each.getKey().level(), each.getKey().name(), each.getValue()))
                .toList();
    }

    synchronized void set(NativeOption option, Object value) {
        int raw = option.toNative(value);
        Connection socket = connection;
        if (socket != null) {
            check(socket.setOption(option.level(), option.name(), raw));
        }
        remembered.put(option, raw);
    }

    /**
     * @param byDefault what the kernel would say of a socket that is not there yet
     */
    synchronized int get(NativeOption option, int byDefault) {
        Connection socket = connection;
        return socket != null
                ? check(socket.option(option.level(), option.name()))
                : remembered.getOrDefault(option, byDefault);
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
