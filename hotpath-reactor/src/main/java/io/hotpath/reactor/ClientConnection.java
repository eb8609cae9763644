package io.hotpath.reactor;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Objects;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

/** One connection of a client, from the attempt on. */
final class ClientConnection extends ConnectionReports implements HotpathClientConnection {
    private final InetSocketAddress address;
    private final long timeoutNanos;
    private final @Nullable BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler;
    private final MonoSink<HotpathClientConnection> sink;
    private final Sinks.Empty<Void> closed = Sinks.empty();

    /** Set by the loop thread in {@link #begin}; whoever cancels sets {@link #cancelled} first and reads this second. */
    private volatile @Nullable HotpathConnection own;

    /** Any thread sets it; the loop reads it after it has set {@link #own}. */
    private volatile boolean cancelled;

    /** Set by the loop thread, or by whoever failed to reach it. */
    private volatile boolean over;

    // loop thread
    private boolean connected;
    private @Nullable Throwable failure;
    private @Nullable ClientLoop loop;

    ClientConnection(
            InetSocketAddress address,
            long timeoutNanos,
            @Nullable BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler,
            MonoSink<HotpathClientConnection> sink) {
        this.address = address;
        this.timeoutNanos = timeoutNanos;
        this.handler = handler;
        this.sink = sink;
    }

    void connect(ClientLoops loops) {
        sink.onCancel(this::giveUp);
        loops.use(this);
    }

    private void giveUp() {
        cancelled = true;
        HotpathConnection begun = own;
        if (begun != null) {
            begun.reset();
        }
    }

    // ---- loop thread --------------------------------------------------------------------------------------------

    void begin(Engine engine, ClientLoop used) {
        loop = used;
        if (cancelled) {
            end();
            return;
        }
        Connection connection;
        try {
            connection = engine.socket(address, this);
        } catch (RuntimeException unavailable) {
            refused(unavailable);
            return;
        }
        HotpathConnection view = view(connection, this);
        own = view;
        try {
            connection.connect(address, timeoutNanos);
        } catch (RuntimeException wrong) {
            failure = wrong;
            connection.reset();
        }
        if (cancelled) {
            connection.reset();
        }
    }

    /** It never came to an attempt. */
    void refused(Throwable cause) {
        end();
        sink.error(cause);
    }

    @Override
    public void connected(Connection connection) {
        connected = true;
        HotpathConnection view = connection();
        var logic = handler;
        if (logic == null) {
            view.claim();
        } else {
            Conversation.run(view, c -> logic.apply(inbound(), outbound()), Context.of(sink.contextView()));
        }
        sink.success(this);
    }

    @Override
    boolean event(HotpathEvent event) {
        return false; // it is its own
    }

    @Override
    void gone(HotpathConnection view, int errno) {
        end();
        if (!connected) {
            sink.error(failure == null ? Failures.connecting(errno, address) : failure);
        }
    }

    private void end() {
        over = true;
        closed.tryEmitEmpty();
        ClientLoop used = loop;
        if (used != null) {
            used.release();
        }
    }

    // ---- for its owner: any thread ------------------------------------------------------------------------------

    private HotpathConnection connection() {
        return Objects.requireNonNull(own);
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public HotpathInbound inbound() {
        return new ConnectionInbound(connection());
    }

    @Override
    public HotpathOutbound outbound() {
        return new ConnectionOutbound(connection());
    }

    @Override
    public void dispose() {
        connection().close();
    }

    @Override
    public boolean isDisposed() {
        return over;
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }
}
