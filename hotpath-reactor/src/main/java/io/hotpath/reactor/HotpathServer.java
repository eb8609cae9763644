package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * A TCP server.
 *
 * <pre>{@code
 * BoundServer server = HotpathServer.create()
 *         .port(7007)
 *         .handle((in, out) -> out.send(in.receive()))
 *         .bindNow();
 * server.onDispose().block();
 * }</pre>
 *
 * <p><b>Connections.</b> The handler is called on the loop thread for each one. When its publisher completes, the connection
 * closes in order: what was given to send goes out first. When it fails, that connection is reset, the failure is logged and
 * the others go on. When the connection is closed first, the publisher is cancelled.
 *
 * <p><b>Back-pressure.</b> A connection receives what its handler asks for and no more; publishers that send are asked for
 * more as the peer reads. Nothing queues in between but the buffers of {@link EngineConfig}.
 *
 * <p><b>Threads.</b> Each loop is one thread with one ring. A connection stays on its loop; handlers run there and must not
 * block.
 *
 * <p>Immutable: each method returns a copy, any of which can be bound, also more than once.
 *
 * @see BoundServer
 */
public final class HotpathServer {
    private static final HotpathServer DEFAULT = new HotpathServer(new Settings(
            "0.0.0.0", 0, EngineConfig.DEFAULT, 1, 1024, (in, out) -> out, connection -> {}, server -> {},
            server -> {}));

    private final Settings settings;

    private HotpathServer(Settings settings) {
        this.settings = settings;
    }

    /** A server on any free port of every local IPv4 address, with one loop, that closes each connection. */
    public static HotpathServer create() {
        return DEFAULT;
    }

    /** The local host name or address to listen on. It is resolved in {@link #bind}. */
    public HotpathServer host(String value) {
        Objects.requireNonNull(value);
        return new HotpathServer(settings.host(value));
    }

    /** The port, 0..65535; 0 picks one. */
    public HotpathServer port(int value) {
        if (value < 0 || value > 65535) {
            throw new IllegalArgumentException("port is " + value + ", must be 0..65535");
        }
        return new HotpathServer(settings.port(value));
    }

    /** Sizes and limits of each loop; {@code outboundPauseBytes} does not apply, receiving follows demand alone. */
    public HotpathServer config(EngineConfig value) {
        Objects.requireNonNull(value);
        return new HotpathServer(settings.config(value));
    }

    /** How many loops share the port, at least 1; the kernel spreads connections over them. */
    public HotpathServer loops(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("loops is " + value + ", must be at least 1");
        }
        return new HotpathServer(settings.loops(value));
    }

    /** Connections that may wait in the kernel, at least 1; the host caps it ({@code net.core.somaxconn}). */
    public HotpathServer backlog(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("backlog is " + value + ", must be at least 1");
        }
        return new HotpathServer(settings.backlog(value));
    }

    /** What each connection does. Replaces an earlier handler. */
    public HotpathServer handle(
            BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> value) {
        Objects.requireNonNull(value);
        return new HotpathServer(settings.handler(value));
    }

    /** Also calls {@code action} on the loop thread for each connection, before its handler; throwing resets it. */
    public HotpathServer doOnConnection(Consumer<? super HotpathConnection> action) {
        return new HotpathServer(settings.onConnection(settings.onConnection.andThen(action)));
    }

    /** Also calls {@code action} on a loop thread once every loop listens; throwing fails the bind. */
    public HotpathServer doOnBound(Consumer<? super BoundServer> action) {
        return new HotpathServer(settings.onBound(settings.onBound.andThen(action)));
    }

    /** Also calls {@code action} on a loop thread when a server that was bound has closed everything. */
    public HotpathServer doOnUnbound(Consumer<? super BoundServer> action) {
        return new HotpathServer(settings.onUnbound(settings.onUnbound.andThen(action)));
    }

    /**
     * Binds when subscribed to, and emits when every loop listens. Cancelling before that ends it again.
     *
     * <p>Errors: {@link java.net.BindException} ("Address already in use"), {@link java.net.UnknownHostException}, {@link
     * io.hotpath.EngineException} from a host that refuses the ring.
     */
    public Mono<BoundServer> bind() {
        Settings fixed = settings;
        return Hosts.resolve(fixed.host, fixed.port)
                .flatMap(address -> Mono.create(sink -> new RunningServer(fixed, address, sink).start()));
    }

    /**
     * Binds and waits until every loop listens.
     *
     * @throws RuntimeException as Reactor wraps the errors of {@link #bind()}; {@code getCause()} is the error
     */
    public BoundServer bindNow() {
        return Objects.requireNonNull(bind().block());
    }

    /** What a server is made of. */
    record Settings(
            String host,
            int port,
            EngineConfig config,
            int loops,
            int backlog,
            BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler,
            Consumer<HotpathConnection> onConnection,
            Consumer<BoundServer> onBound,
            Consumer<BoundServer> onUnbound) {

        /** Runs on a connection. */
        Publisher<Void> converse(HotpathConnection connection) {
            onConnection.accept(connection);
            return handler.apply(new ConnectionInbound(connection), new ConnectionOutbound(connection));
        }

        Settings host(String value) {
            return new Settings(value, port, config, loops, backlog, handler, onConnection, onBound, onUnbound);
        }

        Settings port(int value) {
            return new Settings(host, value, config, loops, backlog, handler, onConnection, onBound, onUnbound);
        }

        Settings config(EngineConfig value) {
            return new Settings(host, port, value, loops, backlog, handler, onConnection, onBound, onUnbound);
        }

        Settings loops(int value) {
            return new Settings(host, port, config, value, backlog, handler, onConnection, onBound, onUnbound);
        }

        Settings backlog(int value) {
            return new Settings(host, port, config, loops, value, handler, onConnection, onBound, onUnbound);
        }

        Settings handler(BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> value) {
            return new Settings(host, port, config, loops, backlog, value, onConnection, onBound, onUnbound);
        }

        Settings onConnection(Consumer<HotpathConnection> value) {
            return new Settings(host, port, config, loops, backlog, handler, value, onBound, onUnbound);
        }

        Settings onBound(Consumer<BoundServer> value) {
            return new Settings(host, port, config, loops, backlog, handler, onConnection, value, onUnbound);
        }

        Settings onUnbound(Consumer<BoundServer> value) {
            return new Settings(host, port, config, loops, backlog, handler, onConnection, onBound, value);
        }
    }
}
