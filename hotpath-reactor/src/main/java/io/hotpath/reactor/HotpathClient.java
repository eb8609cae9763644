package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
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
 * A client for TCP or Unix domain sockets.
 *
 * {@snippet class="io.hotpath.snippets.ClientSnippets" region="ask"}
 *
 * <p><b>Loop.</b> One loop, a thread with a ring, carries all connections of a client and of its copies; only {@link #config}
 * makes a copy with a loop of its own. It starts with the first connection and ends about a second after the last one, so
 * there is nothing to dispose but connections; keep a client rather than create one per connection. Signals of a connection
 * come on its loop thread, which must not block.
 *
 * <p><b>Back-pressure.</b> As with {@link HotpathServer}: a connection receives what its subscriber asks for, publishers that
 * send are asked for more as the peer reads.
 *
 * <p>Immutable: each method returns a copy. Methods may be called and copies shared by any thread.
 */
public final class HotpathClient {
    private final ClientSettings settings;

    private HotpathClient(ClientSettings settings) {
        this.settings = settings;
    }

    /** A client for port 0 of 127.0.0.1, which nobody has: give it a {@link #port}. Each call has a loop of its own. */
    public static HotpathClient create() {
        return new HotpathClient(new ClientSettings());
    }

    private HotpathClient with(Consumer<ClientSettings> change) {
        return new HotpathClient(settings.with(change));
    }

    // ---- where --------------------------------------------------------------------------------------------------

    /**
     * The host name or address to connect to. It is resolved at each {@link #connect}; its addresses are tried in the
     * resolver's order until one answers. Replaces {@link #remoteAddress}.
     */
    public HotpathClient host(String value) {
        Objects.requireNonNull(value);
        return with(copy -> {
            copy.host = value;
            copy.remoteAddress = null;
        });
    }

    /** The port, 1..65535. Replaces {@link #remoteAddress}. */
    public HotpathClient port(int value) {
        if (value < 1 || value > 65535) {
            throw new IllegalArgumentException("port is " + value + ", must be 1..65535");
        }
        return with(copy -> {
            copy.port = value;
            copy.remoteAddress = null;
        });
    }

    /**
     * Where to connect to, asked at each {@link #connect}: an {@link java.net.InetSocketAddress}, which is resolved if it is
     * not, or a {@link java.net.UnixDomainSocketAddress}. Replaces {@link #host} and {@link #port}.
     */
    public HotpathClient remoteAddress(Supplier<? extends SocketAddress> value) {
        Objects.requireNonNull(value);
        return with(copy -> copy.remoteAddress = value);
    }

    /** The local address to connect from, asked on the loop thread for each attempt; it is not resolved. */
    public HotpathClient bindAddress(Supplier<? extends SocketAddress> value) {
        Objects.requireNonNull(value);
        return with(copy -> copy.bindAddress = value);
    }

    /** How long connecting to one address may take, 30 seconds unless it is set; more than nothing. */
    public HotpathClient connectTimeout(Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("connectTimeout is " + value + ", must be more than 0");
        }
        return with(copy -> copy.connectTimeout = value);
    }

    // ---- with what ----------------------------------------------------------------------------------------------

    /**
     * Sizes, limits and kernel policy of the loop; {@code outboundPauseBytes} does not apply, receiving follows demand alone.
     * The copy has a loop of its own.
     */
    public HotpathClient config(EngineConfig value) {
        Objects.requireNonNull(value);
        return with(copy -> copy.loops = new ClientLoops(value));
    }

    /**
     * An option of each connection, set before it connects; {@code null} takes it back. {@code TCP_NODELAY} is on unless it is
     * set here. What a socket refuses, as a Unix domain socket does TCP's, is logged at DEBUG and does no harm.
     *
     * @param option of {@link java.net.StandardSocketOptions} or {@code jdk.net.ExtendedSocketOptions}
     * @throws UnsupportedOperationException if stream sockets have no such option
     * @throws IllegalArgumentException      for an {@code SO_LINGER} above 0, which would block the loop in close
     */
    public <T> HotpathClient option(SocketOption<T> option, @Nullable T value) {
        SocketOptions.checked(option, value);
        return with(copy -> copy.options = ServerSettings.put(copy.options, option, value));
    }

    /** A value that each connection has from its start, see {@link HotpathConnection#attribute}. */
    public <T> HotpathClient attribute(AttributeKey<T> key, @Nullable T value) {
        Objects.requireNonNull(key);
        return with(copy -> copy.attributes = ServerSettings.put(copy.attributes, key, value));
    }

    // ---- what ---------------------------------------------------------------------------------------------------

    /**
     * What each connection does, called on the loop thread when it stands. When its publisher completes, the connection closes
     * in order; when it fails, the connection is reset and the failure is logged; when the connection is closed first, the
     * publisher is cancelled. Its Reactor {@code Context} is that of the subscriber of {@link #connect}. Replaces an earlier
     * handler. Without one, whoever connected uses and disposes the connection.
     */
    public HotpathClient handle(
            BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> value) {
        Objects.requireNonNull(value);
        return with(copy -> copy.handler = value);
    }

    /** Also calls {@code action} on the loop thread with each address that is about to be tried; throwing fails the connect. */
    public HotpathClient doOnConnect(Consumer<? super SocketAddress> action) {
        Objects.requireNonNull(action);
        return with(copy -> copy.onConnect = copy.onConnect.andThen(action));
    }

    /** Also calls {@code action} on the loop thread when a connection stands, before its handler; throwing fails the connect. */
    public HotpathClient doOnConnected(Consumer<? super HotpathConnection> action) {
        Objects.requireNonNull(action);
        return with(copy -> copy.onConnected = copy.onConnected.andThen(action));
    }

    /** Also calls {@code action} on the loop thread when a connection that stood is closed. */
    public HotpathClient doOnDisconnected(Consumer<? super HotpathConnection> action) {
        Objects.requireNonNull(action);
        return with(copy -> copy.onDisconnected = copy.onDisconnected.andThen(action));
    }

    /** Logs what is received and sent, at DEBUG in hexadecimal to the logger of this class; or no more. */
    public HotpathClient wiretap(boolean enable) {
        return enable
                ? wiretap(HotpathClient.class.getName(), Level.DEBUG, WiretapFormat.HEX)
                : with(copy -> copy.wiretap = null);
    }

    /** Logs what is received and sent. It costs nothing unless {@code category} takes {@code level}. */
    public HotpathClient wiretap(String category, Level level, WiretapFormat format) {
        Wiretap tap = Wiretap.of(category, level, format);
        return with(copy -> copy.wiretap = tap);
    }

    // ---- connect ------------------------------------------------------------------------------------------------

    /**
     * Connects when subscribed to, and emits the connection when it stands, on its loop thread. Each subscriber makes one;
     * cancelling before gives it up.
     *
     * <p>Errors, those of the last address with the earlier ones suppressed: {@link java.net.ConnectException} ("Connection
     * refused: host/address:port"), {@link java.net.SocketTimeoutException} after the connect timeout, {@link
     * java.net.NoRouteToHostException}, {@link java.net.UnknownHostException}, {@link java.net.BindException}, {@link
     * io.hotpath.EngineException} from a host that refuses the ring or a socket.
     */
    public Mono<HotpathClientConnection> connect() {
        ClientSettings fixed = settings;
        return fixed.addresses()
                .flatMap(all -> Mono.create(sink -> new Connecting(fixed, all, sink).start()));
    }

    /**
     * Connects and waits for it, as long as the connect timeout lets each address take.
     *
     * @throws RuntimeException as Reactor wraps the errors of {@link #connect()}; {@code getCause()} is the error
     */
    public HotpathClientConnection connectNow() {
        return Objects.requireNonNull(connect().block());
    }

    /**
     * Connects and waits for it.
     *
     * @throws IllegalStateException if that takes longer than {@code timeout}, or on a thread that must not block
     * @throws RuntimeException      as Reactor wraps the errors of {@link #connect()}; {@code getCause()} is the error
     */
    public HotpathClientConnection connectNow(Duration timeout) {
        return Objects.requireNonNull(connect().block(timeout));
    }

    /** Counters and gauges of the loop that was used last, {@code null} before there was one. Any thread. */
    public @Nullable EngineStats stats() {
        return loops().stats();
    }

    /** For the audit of tests. */
    ClientLoops loops() {
        return settings.loops;
    }
}
