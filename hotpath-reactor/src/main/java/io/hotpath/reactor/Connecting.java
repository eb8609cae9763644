package io.hotpath.reactor;

import java.net.SocketAddress;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;
import reactor.util.context.ContextView;

/** One {@code connect()}: tries one address after the other until a connection stands. One attempt at a time. */
final class Connecting {
    private final ClientSettings settings;
    private final Iterator<SocketAddress> addresses;
    private final MonoSink<HotpathClientConnection> sink;

    /** What the attempts before failed with, the latest; the earlier ones are suppressed in it. */
    private @Nullable Throwable failure;

    /** Whoever tries sets this first and reads {@link #cancelled} second; whoever cancels does it the other way round. */
    private volatile @Nullable ClientConnection attempt;

    private volatile boolean cancelled;

    Connecting(ClientSettings settings, List<SocketAddress> addresses, MonoSink<HotpathClientConnection> sink) {
        this.settings = settings;
        this.addresses = addresses.iterator();
        this.sink = sink;
    }

    void start() {
        sink.onCancel(this::giveUp);
        next();
    }

    private void giveUp() {
        cancelled = true;
        ClientConnection present = attempt;
        if (present != null) {
            present.giveUp();
        }
    }

    private void next() {
        SocketAddress address = addresses.next();
        ClientConnection connection = new ClientConnection(this, settings, address);
        attempt = connection;
        if (!cancelled) {
            settings.loops.use(connection);
        }
    }

    // ---- from the attempt: loop thread, or whoever failed to reach it ---------------------------------------------

    ContextView context() {
        return sink.contextView();
    }

    void connected(ClientConnection connection) {
        sink.success(connection);
    }

    /** It was not the address: others would fare no better. */
    void failed(Throwable cause) {
        Throwable before = failure;
        if (before != null && before != cause) {
            cause.addSuppressed(before);
        }
        if (!cancelled) {
            sink.error(cause);
        }
    }

    void unreachable(Throwable cause) {
        if (cancelled || !addresses.hasNext()) {
            failed(cause);
            return;
        }
        Throwable before = failure;
        if (before != null) {
            cause.addSuppressed(before);
        }
        failure = cause;
        next();
    }
}
