package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.KernelPolicy;
import io.hotpath.engine.Connection;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.Limits;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.util.context.Context;

/** What a server is told before it is bound: it applies to that copy, to each connection, and only there. */
@Timeout(60)
class ServerSettingsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int SOL_SOCKET = 1;
    private static final int IPPROTO_TCP = 6;

    @RegisterExtension final Servers servers = new Servers();

    @Test
    void eachMethodReturnsACopyAndLeavesTheOriginalAsItWas() {
        HotpathServer plain = Servers.local().handle((in, out) -> out.sendString(Mono.just("plain")));
        List<String> calls = new CopyOnWriteArrayList<>();
        HotpathServer other = plain.handle((in, out) -> out.sendString(Mono.just("other")))
                .doOnBind(address -> calls.add("bind"))
                .doOnBound(bound -> calls.add("bound"))
                .doOnUnbound(bound -> calls.add("unbound"))
                .doOnConnection(connection -> calls.add("connection"))
                .loops(2)
                .backlog(7)
                .wiretap(true)
                .option(StandardSocketOptions.SO_RCVBUF, 10_000)
                .childOption(StandardSocketOptions.SO_KEEPALIVE, true);
        BoundServer first = servers.bind(plain);
        assertThat(answer(first)).isEqualTo("plain");
        assertThat(first.stats()).hasSize(1);
        assertThat(calls).isEmpty();
        BoundServer second = servers.bind(other);
        assertThat(answer(second)).isEqualTo("other");
        assertThat(second.stats()).hasSize(2);
        second.disposeNow();
        assertThat(calls).containsExactly("bind", "bound", "connection", "unbound");
    }

    private static String answer(BoundServer server) {
        try (Peer peer = Peer.connect(server.port())) {
            return new String(peer.readAll(), UTF_8);
        }
    }

    @Test
    void refusesWhatCannotBe() {
        HotpathServer server = HotpathServer.create();
        assertThatThrownBy(() -> server.port(65536)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.loops(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.backlog(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.childOption(StandardSocketOptions.SO_LINGER, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("block");
        assertThatThrownBy(() -> server.option(StandardSocketOptions.SO_BROADCAST, true))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("SO_BROADCAST");
        StepVerifier.create(server.option(StandardSocketOptions.SO_LINGER, 0).bind())
                .expectErrorMessage("SO_LINGER is of connections: use childOption")
                .verify(PATIENCE);
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void setsTheOptionsOfEachConnection(KernelPolicy policy) throws Exception {
        CompletableFuture<Map<String, Integer>> seen = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local(policy)
                .option(StandardSocketOptions.SO_RCVBUF, 30_000)
                .childOption(StandardSocketOptions.SO_KEEPALIVE, true)
                .childOption(StandardSocketOptions.TCP_NODELAY, false)
                .childOption(StandardSocketOptions.SO_SNDBUF, 20_000)
                .childOption(StandardSocketOptions.IP_TOS, 0x10)
                .childOption(StandardSocketOptions.SO_LINGER, 0)
                .childOption(ExtendedSocketOptions.TCP_KEEPIDLE, 77)
                .childOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3)
                .childOption(ExtendedSocketOptions.TCP_KEEPCOUNT, null)
                .doOnConnection(own -> {
                    Connection c = own.engineConnection();
                    seen.complete(Map.of(
                            "rcvbuf", c.option(SOL_SOCKET, 8),
                            "keepalive", c.option(SOL_SOCKET, 9),
                            "nodelay", c.option(IPPROTO_TCP, 1),
                            "sndbuf", c.option(SOL_SOCKET, 7),
                            "linger", c.option(SOL_SOCKET, 13),
                            "tos", c.option(0, 1),
                            "keepidle", c.option(IPPROTO_TCP, 4),
                            "keepcnt", c.option(IPPROTO_TCP, 6)));
                }));
        answer(server);
        Map<String, Integer> options = seen.get(20, TimeUnit.SECONDS);
        assertThat(options)
                .containsEntry("rcvbuf", 60_000) // Linux doubles it for its own needs
                .containsEntry("keepalive", 1)
                .containsEntry("nodelay", 0)
                .containsEntry("sndbuf", 40_000)
                .containsEntry("linger", 1)
                .containsEntry("tos", 0x10)
                .containsEntry("keepidle", 77);
        assertThat(options.get("keepcnt")).isNotEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void servesOnTheKernelAndWithTheBuffersAndThePollingItIsTold(KernelPolicy policy) {
        BoundServer server = servers.bind(Servers.local(policy)
                .policy(policy)
                .buffers(8, 64)
                .limits(Limits.OFF)
                .busyPoll(Duration.ofMillis(1))
                .handle((in, out) -> out.send(in.receive())));
        try (Peer peer = Peer.connect(server.port())) {
            byte[] bytes = Peer.bytes(9, 1000);
            assertThat(peer.write(bytes).read(1000)).isEqualTo(bytes);
        }
        EngineStats stats = server.stats().getFirst();
        assertThat(stats.kernel()).isEqualTo(policy.name().toLowerCase(Locale.ROOT));
        assertThat(stats.receives()).as("in buffers of 64 bytes").isGreaterThanOrEqualTo(1000 / 64);
        assertThat(stats.buffersFree()).isLessThanOrEqualTo(8);
    }

    @Test
    void keepsAttributesWithTheConnection() throws Exception {
        AttributeKey<String> name = AttributeKey.of("name");
        AttributeKey<String> sameName = AttributeKey.of("name");
        AttributeKey<AtomicInteger> count = AttributeKey.of("count");
        CompletableFuture<String> seen = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local()
                .childAttribute(name, "from the start")
                .doOnConnection(connection -> connection.attribute(count, new AtomicInteger(41)))
                .handle((in, out) -> {
                    HotpathConnection connection = in.connection();
                    AtomicInteger counter = connection.attribute(count);
                    assertThat(counter).isNotNull();
                    connection.attribute(count, null);
                    seen.complete(connection.attribute(name) + ", " + connection.attribute(sameName) + ", "
                            + counter.incrementAndGet() + ", " + connection.attribute(count));
                    return out;
                }));
        answer(server);
        assertThat(seen.get(20, TimeUnit.SECONDS)).isEqualTo("from the start, null, 42, null");
    }

    @Test
    void knowsBothAddressesAlsoAfterTheClose() throws Exception {
        CompletableFuture<HotpathConnection> seen = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> {
            try {
                in.connection().remoteAddress();
            } catch (IOException closed) {
                return Mono.error(closed);
            }
            seen.complete(in.connection());
            return Mono.never();
        }));
        HotpathConnection connection;
        try (Peer peer = Peer.connect(server.port())) {
            connection = seen.get(20, TimeUnit.SECONDS);
            assertThat(connection.localAddress()).isEqualTo(server.address());
            assertThat(connection.remoteAddress())
                    .isEqualTo(new InetSocketAddress(InetAddress.getLoopbackAddress(), peer.socket.getLocalPort()));
            peer.reset();
        }
        Await.until("closed", connection::closed);
        assertThat(connection.localAddress()).isEqualTo(server.address());
        assertThat(((InetSocketAddress) connection.remoteAddress()).getAddress().isLoopbackAddress()).isTrue();
    }

    @Test
    void anAddressThatWasNeverAskedForIsGoneWithTheConnection() throws Exception {
        CompletableFuture<HotpathConnection> seen = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local().doOnConnection(seen::complete));
        answer(server);
        HotpathConnection connection = seen.get(20, TimeUnit.SECONDS);
        Await.until("closed", connection::closed);
        assertThatThrownBy(connection::remoteAddress).isInstanceOf(SocketException.class);
    }

    @Test
    void asksForItsAddressAtEachBindAndResolvesIt() {
        AtomicInteger asked = new AtomicInteger();
        List<SocketAddress> wanted = new CopyOnWriteArrayList<>();
        HotpathServer server = HotpathServer.create()
                .config(Running.CONFIG)
                .bindAddress(() -> {
                    asked.incrementAndGet();
                    return InetSocketAddress.createUnresolved("localhost", 0);
                })
                .doOnBind(wanted::add)
                .handle((in, out) -> out.sendString(Mono.just("hi")));
        assertThat(asked).hasValue(0);
        BoundServer first = servers.bind(server);
        BoundServer second = servers.bind(server);
        assertThat(asked).hasValue(2);
        assertThat(first.host()).isEqualTo("127.0.0.1");
        assertThat(first.port()).isNotZero().isNotEqualTo(second.port());
        assertThat(wanted).allSatisfy(address -> assertThat(((InetSocketAddress) address).isUnresolved()).isFalse());
        assertThat(answer(first)).isEqualTo("hi");
        assertThat(answer(second)).isEqualTo("hi");
    }

    @Test
    void givesItsSubscribersContextToTheHandler() throws Exception {
        BoundServer server = Servers.local()
                .handle((in, out) -> out.sendString(Mono.deferContextual(context -> Mono.just(context.get("who")))))
                .bind()
                .contextWrite(Context.of("who", "me"))
                .block(PATIENCE);
        assertThat(server).isNotNull();
        assertThat(answer(server)).isEqualTo("me");
        server.disposeNow();
    }

    @Test
    void statsAreThereBeforeDuringAndAfter() {
        CompletableFuture<Integer> atBound = new CompletableFuture<>();
        BoundServer server = servers.bind(
                Servers.local().loops(2).doOnBound(bound -> atBound.complete(bound.stats().size())));
        assertThat(atBound).isCompletedWithValue(2);
        assertThat(server.stats()).hasSize(2);
        server.disposeNow();
        assertThat(server.stats()).hasSize(2);
    }

    @Test
    void aBoundCallbackThatThrowsFailsTheBind() {
        StepVerifier.create(Servers.local().doOnBound(bound -> {
            throw new IllegalStateException("on purpose");
        }).bind()).expectErrorMessage("on purpose").verify(PATIENCE);
        StepVerifier.create(Servers.local().doOnBind(address -> {
            throw new IllegalStateException("before");
        }).bind()).expectErrorMessage("before").verify(PATIENCE);
    }

    @Test
    void aHandlerThatReturnsNothingOrIsEmptyOrNeverEnds() {
        AtomicInteger count = new AtomicInteger();
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> switch (count.incrementAndGet()) {
            case 1 -> nothing();
            case 2 -> Mono.empty();
            case 3 -> Flux.never();
            default -> out.sendString(Mono.just("fine"));
        }));
        Peer.meetReset(server.port());
        assertThat(answer(server)).isEmpty();
        try (Peer endless = Peer.connect(server.port())) {
            Await.until("accepted", () -> count.get() == 3);
            assertThat(answer(server)).isEqualTo("fine");
            endless.end();
        }
    }

    private static Mono<Void> nothing() {
        return null;
    }
}
