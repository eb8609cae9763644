package io.hotpath.reactor;

import io.hotpath.KernelPolicy;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.Limits;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * A server for TCP or Unix domain sockets.
 *
 * {@snippet class="io.hotpath.snippets.ServerSnippets" region="echo"}
 *
 * <p><b>Connections.</b> The handler is called on the loop thread for each one. When its publisher completes, the connection
 * closes in order: what was given to send goes out first. When it fails, or is {@code null}, that connection is reset, the
 * failure is logged and the others go on. When the connection is closed first, the publisher is cancelled. A publisher that
 * never completes keeps its connection open until the peer resets it or the server stops. Its Reactor {@code Context} is that
 * of the subscriber of {@link #bind}.
 *
 * <p><b>Back-pressure.</b> A connection receives what its handler asks for and no more; publishers that send are asked for
 * more as the peer reads. Nothing queues in between but the buffers of {@link EngineConfig}.
 *
 * <p><b>Threads.</b> Each loop is one thread with one ring. A connection stays on its loop; handlers run there and must not
 * block.
 *
 * <p><b>Settings.</b>
 *
 * {@snippet class="io.hotpath.snippets.ServerSnippets" region="settings"}
 *
 * <p>Immutable: each method returns a copy, any of which can be bound, also more than once. Methods may be called and copies
 * shared by any thread.
 *
 * @see BoundServer
 */
public final class HotpathServer {
    private static final HotpathServer DEFAULT = new HotpathServer(new ServerSettings());

    /** How long {@link #bindNow()} waits. */
    private static final Duration BIND_TIMEOUT = Duration.ofSeconds(45);

    private final ServerSettings settings;

    private HotpathServer(ServerSettings settings) {
        this.settings = settings;
    }

    /** A server on any free port of every local IPv4 address, with one loop, that closes each connection. */
    public static HotpathServer create() {
        return DEFAULT;
    }

    private HotpathServer with(Consumer<ServerSettings> change) {
        return new HotpathServer(settings.with(change));
    }

    // ---- where --------------------------------------------------------------------------------------------------

    /** The local host name or address to listen on. It is resolved in {@link #bind}. Replaces {@link #bindAddress}. */
    public HotpathServer host(String value) {
        Objects.requireNonNull(value);
        return with(copy -> {
            copy.host = value;
            copy.bindAddress = null;
        });
    }

    /** The port, 0..65535; 0 picks one. Replaces {@link #bindAddress}. */
    public HotpathServer port(int value) {
        if (value < 0 || value > 65535) {
            throw new IllegalArgumentException("port is " + value + ", must be 0..65535");
        }
        return with(copy -> {
            copy.port = value;
            copy.bindAddress = null;
        });
    }

    /**
     * Where to listen, asked at each {@link #bind}: an {@link java.net.InetSocketAddress}, which is resolved if it is not, or a
     * {@link java.net.UnixDomainSocketAddress}. Replaces {@link #host} and {@link #port}.
     *
     * <p>The path of a Unix domain socket that a dead server left is taken over; one that a server answers on, or that is not
     * a socket, is refused with {@link java.net.BindException}. When the server ends it deletes the path, if it is still the
     * one that it made. Such a server has one loop.
     *
     * {@snippet class="io.hotpath.snippets.ServerSnippets" region="unix"}
     */
    public HotpathServer bindAddress(Supplier<? extends SocketAddress> value) {
        Objects.requireNonNull(value);
        return with(copy -> copy.bindAddress = value);
    }

    /** Connections that may wait in the kernel, at least 1; the host caps it ({@code net.core.somaxconn}). */
    public HotpathServer backlog(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("backlog is " + value + ", must be at least 1");
        }
        return with(copy -> copy.backlog = value);
    }

    // ---- with what ----------------------------------------------------------------------------------------------

    /**
     * Sizes, limits and kernel policy of each loop; {@code outboundPauseBytes} does not apply, receiving follows demand alone.
     */
    public HotpathServer config(EngineConfig value) {
        Objects.requireNonNull(value);
        return with(copy -> copy.config = value);
    }

    /** Which kernel may serve it, io_uring where it is permitted and else epoll by default. Part of {@link #config}. */
    public HotpathServer policy(KernelPolicy value) {
        return with(copy -> copy.config = copy.config.withPolicy(value));
    }

    /**
     * The receive buffers of each loop, 512 of 8192 bytes by default: so many bytes at most lie between the kernel and the
     * handlers. Part of {@link #config}.
     *
     * @param count a power of two, 1..32768
     * @param bytes of each, more than 0
     */
    public HotpathServer buffers(int count, int bytes) {
        return with(copy -> copy.config = copy.config.withBuffers(count, bytes));
    }

    /** How long a peer may keep a connection waiting before it is reset. Part of {@link #config}. */
    public HotpathServer limits(Limits value) {
        return with(copy -> copy.config = copy.config.withLimits(value));
    }

    /**
     * How long a loop looks again and again after the last completion before it sleeps; zero, the default, sleeps at once. Part
     * of {@link #config}.
     */
    public HotpathServer busyPoll(Duration value) {
        return with(copy -> copy.config = copy.config.withBusyPoll(value));
    }

    /** How many loops share the port, at least 1; the kernel spreads connections over them. */
    public HotpathServer loops(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("loops is " + value + ", must be at least 1");
        }
        return with(copy -> copy.loops = value);
    }

    /**
     * An option of the listening sockets, set before they are bound; {@code null} takes it back. Accepted TCP connections
     * inherit most. {@code SO_REUSEADDR} and {@code TCP_NODELAY} are on unless they are set here.
     *
     * @param option of {@link java.net.StandardSocketOptions} or {@code jdk.net.ExtendedSocketOptions}
     * @throws UnsupportedOperationException if stream sockets have no such option
     */
    public <T> HotpathServer option(SocketOption<T> option, @Nullable T value) {
        SocketOptions.checked(option, value);
        return with(copy -> copy.options = ServerSettings.put(copy.options, option, value));
    }

    /**
     * An option of each accepted connection; {@code null} takes it back. What a socket refuses, as a Unix domain socket does
     * TCP's, is logged at DEBUG and does no harm.
     *
     * @param option of {@link java.net.StandardSocketOptions} or {@code jdk.net.ExtendedSocketOptions}
     * @throws UnsupportedOperationException if stream sockets have no such option
     * @throws IllegalArgumentException      for an {@code SO_LINGER} above 0, which would block the loop in close
     */
    public <T> HotpathServer childOption(SocketOption<T> option, @Nullable T value) {
        SocketOptions.checked(option, value);
        return with(copy -> copy.childOptions = ServerSettings.put(copy.childOptions, option, value));
    }

    /** A value that each accepted connection has from its start, see {@link HotpathConnection#attribute}. */
    public <T> HotpathServer childAttribute(AttributeKey<T> key, @Nullable T value) {
        Objects.requireNonNull(key);
        return with(copy -> copy.childAttributes = ServerSettings.put(copy.childAttributes, key, value));
    }

    // ---- what ---------------------------------------------------------------------------------------------------

    /** What each connection does. Replaces an earlier handler. */
    public HotpathServer handle(
            BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> value) {
        Objects.requireNonNull(value);
        return with(copy -> copy.handler = value);
    }

    /** Also calls {@code action} on the loop thread for each connection, before its handler; throwing resets it. */
    public HotpathServer doOnConnection(Consumer<? super HotpathConnection> action) {
        Objects.requireNonNull(action);
        return with(copy -> copy.onConnection = copy.onConnection.andThen(action));
    }

    /** Also calls {@code action} with the address that is about to be bound, in the thread that binds; throwing fails it. */
    public HotpathServer doOnBind(Consumer<? super SocketAddress> action) {
        Objects.requireNonNull(action);
        return with(copy -> copy.onBind = copy.onBind.andThen(action));
    }

    /** Also calls {@code action} on a loop thread once every loop listens; throwing fails the bind. */
    public HotpathServer doOnBound(Consumer<? super BoundServer> action) {
        Objects.requireNonNull(action);
        return with(copy -> copy.onBound = copy.onBound.andThen(action));
    }

    /** Also calls {@code action} on a loop thread when a server that was bound has closed everything. */
    public HotpathServer doOnUnbound(Consumer<? super BoundServer> action) {
        Objects.requireNonNull(action);
        return with(copy -> copy.onUnbound = copy.onUnbound.andThen(action));
    }

    /** Logs what handlers receive and send, at DEBUG in hexadecimal to the logger of this class; or no more. */
    public HotpathServer wiretap(boolean enable) {
        return enable
                ? wiretap(HotpathServer.class.getName(), Level.DEBUG, WiretapFormat.HEX)
                : with(copy -> copy.wiretap = null);
    }

    /**
     * Logs what handlers receive and send. It costs nothing unless {@code category} takes {@code level} when a connection
     * begins. What goes through {@link #doOnConnection} is not seen.
     */
    public HotpathServer wiretap(String category, Level level, WiretapFormat format) {
        Wiretap tap = Wiretap.of(category, level, format);
        return with(copy -> copy.wiretap = tap);
    }

    // ---- bind ---------------------------------------------------------------------------------------------------

    /**
     * Binds when subscribed to, and emits when every loop listens, on a loop thread. Each subscriber binds a server of its own;
     * cancelling before it listens ends it again.
     *
     * <p>Errors: {@link java.net.BindException} ("Address already in use"), {@link java.net.UnknownHostException}, {@link
     * io.hotpath.EngineException} from a host that refuses the ring.
     */
    public Mono<BoundServer> bind() {
        ServerSettings fixed = settings;
        return fixed.address()
                .flatMap(address -> UnixPath.free(address).thenReturn(address))
                .flatMap(address -> Mono.create(sink -> {
                    fixed.onBind.accept(address);
                    new RunningServer(fixed, address, sink).start();
                }));
    }

    /**
     * Binds and waits until every loop listens, at most 45 seconds.
     *
     * @throws RuntimeException as Reactor wraps the errors of {@link #bind()}; {@code getCause()} is the error
     */
    public BoundServer bindNow() {
        return bindNow(BIND_TIMEOUT);
    }

    /**
     * Binds and waits until every loop listens.
     *
     * @throws IllegalStateException if that takes longer than {@code timeout}, or on a thread that must not block
     * @throws RuntimeException      as Reactor wraps the errors of {@link #bind()}; {@code getCause()} is the error
     */
    public BoundServer bindNow(Duration timeout) {
        return Objects.requireNonNull(bind().block(timeout));
    }
}
