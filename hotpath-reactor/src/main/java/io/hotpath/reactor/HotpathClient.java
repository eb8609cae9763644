package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * A TCP client.
 *
 * <pre>{@code
 * HotpathClientConnection connection = HotpathClient.create().host("localhost").port(7007).connectNow();
 * connection.outbound().sendString(Mono.just("hello")).then().subscribe();
 * connection.inbound().asString(UTF_8).subscribe(System.out::println);
 * }</pre>
 *
 * <p><b>Loop.</b> One loop, a thread with a ring, carries all connections of a client and of its copies; only {@link #config}
 * makes a copy with a loop of its own. It starts with the first connection and ends about a second after the last one, so
 * there is nothing to dispose but connections; keep a client rather than create one per connection. Signals of a connection
 * come on its loop thread, which must not block.
 *
 * <p><b>Back-pressure.</b> As with {@link HotpathServer}: a connection receives what its subscriber asks for, publishers that
 * send are asked for more as the peer reads.
 *
 * <p>Immutable: each method returns a copy.
 */
public final class HotpathClient {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);

    private final String host;
    private final int port;
    private final Duration connectTimeout;
    private final @Nullable BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler;
    private final ClientLoops loops;

    private HotpathClient(
            String host,
            int port,
            Duration connectTimeout,
            @Nullable BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler,
            ClientLoops loops) {
        this.host = host;
        this.port = port;
        this.connectTimeout = connectTimeout;
        this.handler = handler;
        this.loops = loops;
    }

    /** A client for port 0 of 127.0.0.1, which nobody has: give it a {@link #port}. Each call has a loop of its own. */
    public static HotpathClient create() {
        return new HotpathClient("127.0.0.1", 0, CONNECT_TIMEOUT, null, new ClientLoops(EngineConfig.DEFAULT));
    }

    /** The host name or address to connect to. It is resolved at each {@link #connect}; its first address counts. */
    public HotpathClient host(String value) {
        Objects.requireNonNull(value);
        return new HotpathClient(value, port, connectTimeout, handler, loops);
    }

    /** The port, 1..65535. */
    public HotpathClient port(int value) {
        if (value < 1 || value > 65535) {
            throw new IllegalArgumentException("port is " + value + ", must be 1..65535");
        }
        return new HotpathClient(host, value, connectTimeout, handler, loops);
    }

    /** How long connecting may take, 30 seconds unless it is set; more than nothing. */
    public HotpathClient connectTimeout(Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("connectTimeout is " + value + ", must be more than 0");
        }
        return new HotpathClient(host, port, value, handler, loops);
    }

    /**
     * Sizes and limits of the loop; {@code outboundPauseBytes} does not apply, receiving follows demand alone. The copy has a
     * loop of its own.
     */
    public HotpathClient config(EngineConfig value) {
        Objects.requireNonNull(value);
        return new HotpathClient(host, port, connectTimeout, handler, new ClientLoops(value));
    }

    /**
     * What each connection does, called on the loop thread when it stands. When its publisher completes, the connection closes
     * in order; when it fails, the connection is reset and the failure is logged; when the connection is closed first, the
     * publisher is cancelled. Replaces an earlier handler. Without one, whoever connected uses and disposes the connection.
     */
    public HotpathClient handle(
            BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> value) {
        Objects.requireNonNull(value);
        return new HotpathClient(host, port, connectTimeout, value, loops);
    }

    /**
     * Connects when subscribed to, and emits the connection when it stands, on its loop thread. Each subscriber makes one;
     * cancelling before gives it up.
     *
     * <p>Errors: {@link java.net.ConnectException} ("Connection refused: host/address:port"), {@link
     * java.net.SocketTimeoutException} after the connect timeout, {@link java.net.NoRouteToHostException}, {@link
     * java.net.UnknownHostException}, {@link io.hotpath.EngineException} from a host that refuses the ring or a socket.
     */
    public Mono<HotpathClientConnection> connect() {
        return Hosts.resolve(host, port)
                .flatMap(address -> Mono.create(sink -> new ClientConnection(
                        address, connectTimeout.toNanos(), handler, sink).connect(loops)));
    }

    /**
     * Connects and waits for it.
     *
     * @throws RuntimeException as Reactor wraps the errors of {@link #connect()}; {@code getCause()} is the error
     */
    public HotpathClientConnection connectNow() {
        return Objects.requireNonNull(connect().block());
    }

    /** For the audit of tests. */
    ClientLoops loops() {
        return loops;
    }
}
