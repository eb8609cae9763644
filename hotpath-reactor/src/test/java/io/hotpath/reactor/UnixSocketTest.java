package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.KernelPolicy;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Server and client over Unix domain sockets, and what becomes of the path. */
@Timeout(60)
class UnixSocketTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir Path directory;

    @RegisterExtension final Servers servers = new Servers();

    private Path path;

    @BeforeEach
    void name() {
        path = directory.resolve("socket");
    }

    private HotpathServer echo(KernelPolicy policy) {
        return Servers.local(policy)
                .bindAddress(() -> UnixDomainSocketAddress.of(path))
                .handle((in, out) -> out.send(in.receive()));
    }

    private HotpathClient client() {
        return HotpathClient.create()
                .config(Running.CONFIG)
                .option(StandardSocketOptions.TCP_NODELAY, true) // refused without harm
                .remoteAddress(() -> UnixDomainSocketAddress.of(path));
    }

    private byte[] echoed(byte[] bytes) {
        return client().connect().flatMap(connection -> {
            connection.outbound().sendByteArray(Flux.just(bytes)).shutdownOutput().then().subscribe();
            return connection.inbound().aggregate(bytes.length).flatMap(all -> {
                connection.dispose();
                return connection.onDispose().thenReturn(all);
            });
        }).blockOptional(PATIENCE).orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void echoesAndDeletesItsPathAtTheEnd(KernelPolicy policy) {
        BoundServer server = servers.bind(echo(policy).childOption(StandardSocketOptions.TCP_NODELAY, true));
        assertThat(server.address()).isEqualTo(UnixDomainSocketAddress.of(path));
        assertThat(server.port()).isEqualTo(-1);
        assertThat(server.host()).isNull();
        byte[] bytes = Peer.bytes(3, 1_000_000);
        assertThat(echoed(bytes)).isEqualTo(bytes);
        server.disposeNow();
        assertThat(path).doesNotExist();
    }

    @Test
    void takesOverThePathThatADeadServerLeft() throws IOException {
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        servers.bind(echo(KernelPolicy.AUTO));
        assertThat(echoed("x".getBytes(UTF_8))).isEqualTo("x".getBytes(UTF_8));
    }

    @Test
    void refusesThePathOfALiveServer() {
        servers.bind(echo(KernelPolicy.AUTO));
        StepVerifier.create(echo(KernelPolicy.AUTO).bind())
                .expectErrorSatisfies(failure -> assertThat(failure)
                        .isInstanceOf(BindException.class)
                        .hasMessageContaining("Address already in use"))
                .verify(PATIENCE);
        assertThat(echoed("x".getBytes(UTF_8))).isEqualTo("x".getBytes(UTF_8));
    }

    @Test
    void refusesWhatIsNotASocketAndLeavesItAsItWas() throws IOException {
        Files.writeString(path, "precious");
        Path link = directory.resolve("link");
        Files.createSymbolicLink(link, directory.resolve("nowhere"));
        for (Path taken : new Path[]{path, link}) {
            StepVerifier.create(echo(KernelPolicy.AUTO).bindAddress(() -> UnixDomainSocketAddress.of(taken)).bind())
                    .expectErrorSatisfies(failure -> assertThat(failure)
                            .isInstanceOf(BindException.class)
                            .hasMessageContaining("is not a socket"))
                    .verify(PATIENCE);
        }
        assertThat(path).hasContent("precious");
        assertThat(Files.isSymbolicLink(link)).isTrue();
    }

    @Test
    void leavesThePathOfItsSuccessor() throws IOException {
        BoundServer server = servers.bind(echo(KernelPolicy.AUTO));
        Files.delete(path);
        Files.writeString(path, "another's");
        server.disposeNow();
        assertThat(path).hasContent("another's");
    }

    @Test
    void hasOneLoopOnly() {
        StepVerifier.create(echo(KernelPolicy.AUTO).loops(2).bind())
                .expectErrorSatisfies(failure -> assertThat(failure).hasMessageContaining("loops(1)"))
                .verify(PATIENCE);
        assertThat(path).doesNotExist();
    }

    @Test
    void saysWhyAClientCannotConnect() {
        StepVerifier.create(client().connect())
                .expectErrorSatisfies(failure -> assertThat(failure)
                        .isInstanceOf(ConnectException.class)
                        .hasMessageContaining("No such file or directory")
                        .hasMessageContaining(path.toString()))
                .verify(PATIENCE);
        StepVerifier.create(client().remoteAddress(() -> UnixDomainSocketAddress.of("x".repeat(200))).connect())
                .expectErrorSatisfies(failure -> assertThat(failure).hasMessageContaining("107"))
                .verify(PATIENCE);
    }

    @Test
    void stopsInOrder() {
        BoundServer server = servers.bind(echo(KernelPolicy.AUTO));
        HotpathClientConnection connection = client().connectNow();
        server.disposeLater(Duration.ofHours(1)).subscribe();
        StepVerifier.create(connection.inbound().receive().then(Mono.<Void>empty())).expectComplete().verify(PATIENCE);
        connection.disposeNow();
        StepVerifier.create(server.onDispose()).expectComplete().verify(PATIENCE);
        assertThat(path).doesNotExist();
    }
}
