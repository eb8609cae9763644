package io.hotpath.reactor;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/** One connection of a client, from the attempt on. */
final class ClientConnection extends ConnectionReports implements HotpathClientConnection {
    private static final System.Logger LOG = System.getLogger(HotpathClient.class.getName());

    private final Connecting connecting;
    private final ClientSettings settings;
    private final SocketAddress address;
    private final Sinks.Empty<Void> closed = Sinks.empty();

    /** Set by the loop thread in {@link #begin}; whoever gives up sets {@link #cancelled} first and reads this second. */
    private volatile @Nullable HotpathConnection own;

    /** Any thread sets it; the loop reads it after it has set {@link #own}. */
    private volatile boolean cancelled;

    /** Set by the loop thread, or by whoever failed to reach it. */
    private volatile boolean over;

    // loop thread
    private boolean connected;
    private @Nullable Throwable failure;
    private @Nullable ClientLoop loop;

    ClientConnection(Connecting connecting, ClientSettings settings, SocketAddress address) {
        this.connecting = connecting;
        this.settings = settings;
        this.address = address;
    }

    /** Nobody wants it any more. Any thread. */
    void giveUp() {
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
            settings.onConnect.accept(address);
            connection = engine.socket(address, this);
        } catch (RuntimeException unavailable) {
            refused(unavailable);
            return;
        }
        HotpathConnection view = view(connection, this);
        own = view;
        try {
            SocketOptions.apply(settings.options, connection);
            Supplier<? extends SocketAddress> local = settings.bindAddress;
            if (local != null) {
                connection.bind(local.get());
            }
            connection.connect(address, settings.connectTimeout.toNanos());
        } catch (IOException | RuntimeException wrong) {
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
        connecting.failed(cause);
    }

    @Override
    public void connected(Connection connection) {
        HotpathConnection view = connection();
        try {
            view.attributes(settings.attributes);
            settings.onConnected.accept(view);
        } catch (RuntimeException thrown) {
            failure = thrown;
            view.reset();
            return;
        }
        connected = true;
        var logic = settings.handler;
        if (logic == null) {
            view.claim();
        } else {
            Conversation.run(view, c -> logic.apply(inbound(), outbound()), Context.of(connecting.context()));
        }
        connecting.connected(this);
    }

    @Override
    boolean event(HotpathEvent event) {
        return false; // it is its own
    }

    @Override
    void gone(HotpathConnection view, int errno) {
        end();
        if (connected) {
            disconnected(view);
        } else if (failure != null) {
            connecting.failed(failure);
        } else {
            connecting.unreachable(Failures.connecting(errno, address));
        }
    }

    private void disconnected(HotpathConnection view) {
        try {
            settings.onDisconnected.accept(view);
        } catch (RuntimeException thrown) {
            LOG.log(Level.WARNING, () -> view + " doOnDisconnected=failed", thrown);
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

    @Override
    public HotpathConnection connection() {
        return Objects.requireNonNull(own);
    }

    @Override
    public SocketAddress address() {
        return address;
    }

    @Override
    public HotpathInbound inbound() {
        HotpathInbound in = new ConnectionInbound(connection());
        Wiretap tap = settings.wiretap;
        return tap != null && tap.on() ? tap.of(in) : in;
    }

    @Override
    public HotpathOutbound outbound() {
        HotpathOutbound out = new ConnectionOutbound(connection());
        Wiretap tap = settings.wiretap;
        return tap != null && tap.on() ? tap.of(out) : out;
    }

    @Override
    public void dispose() {
        connection().close();
    }

    @Override
    public void disposeNow(Duration timeout) {
        if (Schedulers.isInNonBlockingThread()) {
            throw new IllegalStateException("disposeNow() would block " + Thread.currentThread().getName()
                    + ": use dispose() and onDispose()");
        }
        dispose();
        onDispose()
                .timeout(timeout, Mono.fromRunnable(connection()::reset).then(onDispose()))
                .block();
    }

    @Override
    public boolean isDisposed() {
        return over;
    }

    @Override
    public Mono<Void> onDispose() {
        return closed.asMono();
    }

    @Override
    public String toString() {
        return connection() + " to " + address;
    }
}
