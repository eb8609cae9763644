package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.KernelPolicy;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** The failures of real networks, in the types and words that users and frameworks look for, on both kernels. */
@Timeout(60)
class FailureWordsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @RegisterExtension final Servers servers = new Servers();

    private static HotpathClient client(KernelPolicy policy) {
        return HotpathClient.create().config(Running.CONFIG.withPolicy(policy));
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void aPeerResetsWhileTheHandlerReceives(KernelPolicy policy) throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        BoundServer server = servers.bind(
                Servers.local(policy).handle((in, out) -> in.receive().doOnError(failure::complete).then()));
        try (Peer peer = Peer.connect(server.port())) {
            peer.write("x");
            Await.until("received", () -> server.stats().getFirst().bytesIn() == 1);
            peer.reset();
        }
        assertThat(failure.get(20, TimeUnit.SECONDS))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("Connection reset by peer");
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void aPeerResetsWhileTheHandlerSends(KernelPolicy policy) throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local(policy).handle((in, out) -> out.sendByteArray(
                Flux.<byte[]>generate(sink -> sink.next(new byte[100_000]))).then().doOnError(failure::complete)));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.read(1)).hasSize(1);
            peer.reset();
        }
        assertThat(failure.get(20, TimeUnit.SECONDS)).isExactlyInstanceOf(IOException.class);
        assertThat(failure.get().getMessage()).isIn("Connection reset by peer", "Broken pipe");
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void nothingCanBeSentAfterItsOwnEnd(KernelPolicy policy) throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local(policy).handle((in, out) -> out.shutdownOutput()
                .sendString(Mono.just("late"))
                .then()
                .doOnError(failure::complete)));
        Peer.meetEnd(server.port());
        assertThat(failure.get(20, TimeUnit.SECONDS)).isInstanceOf(IOException.class).hasMessage("Broken pipe");
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void anAddressIsInUse(KernelPolicy policy) throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            StepVerifier.create(Servers.local(policy).port(other.getLocalPort()).loops(2).bind())
                    .expectErrorSatisfies(failure -> assertThat(failure)
                            .isInstanceOf(BindException.class)
                            .hasMessage("Address already in use: 127.0.0.1:" + other.getLocalPort()))
                    .verify(PATIENCE);
            StepVerifier.create(client(policy)
                    .bindAddress(() -> new InetSocketAddress(InetAddress.getLoopbackAddress(), other.getLocalPort()))
                    .port(other.getLocalPort())
                    .connect())
                    .expectErrorSatisfies(failure -> assertThat(failure)
                            .isInstanceOf(BindException.class)
                            .hasMessageContaining("Address already in use"))
                    .verify(PATIENCE);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void nobodyListens(KernelPolicy policy) throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        StepVerifier.create(client(policy).port(port).connect())
                .expectErrorSatisfies(failure -> assertThat(failure)
                        .isInstanceOf(ConnectException.class)
                        .hasMessage("Connection refused: /127.0.0.1:" + port))
                .verify(PATIENCE);
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void aClientFindsTheAddressOfItsNameThatAnswers(KernelPolicy policy) {
        BoundServer server = servers.bind(Servers.local(policy).handle((in, out) -> out.send(in.receive())));
        HotpathClientConnection connection =
                client(policy).host("localhost").port(server.port()).connectNow(PATIENCE);
        assertThat(connection.outbound().sendString(Mono.just("x")).shutdownOutput().then().blockOptional(PATIENCE))
                .isEmpty();
        assertThat(connection.inbound().aggregate(1).block(PATIENCE)).hasSize(1);
        connection.disposeNow(PATIENCE);
        assertThat(connection.isDisposed()).isTrue();
    }
}
