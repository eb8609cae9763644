package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.X509Bundle;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.netty.DisposableServer;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.test.StepVerifier;

/** HTTP/2 on Hotpath's channels: in clear text by prior knowledge and by upgrade, and over TLS by ALPN. */
class Http2IT extends ReactorNettyBed {
    private static final X509Bundle CERTIFICATE = Certificates.selfSigned();

    private final Set<Channel> streams = ConcurrentHashMap.newKeySet();

    /** How a connection comes to speak HTTP/2. */
    private enum Start {
        PRIOR_KNOWLEDGE {
            @Override
            HttpServer of(HttpServer server) {
                return server.protocol(HttpProtocol.H2C);
            }

            @Override
            HttpClient of(HttpClient client) {
                return client.protocol(HttpProtocol.H2C);
            }
        },
        UPGRADE {
            @Override
            HttpServer of(HttpServer server) {
                return server.protocol(HttpProtocol.HTTP11, HttpProtocol.H2C);
            }

            @Override
            HttpClient of(HttpClient client) {
                return client.protocol(HttpProtocol.HTTP11, HttpProtocol.H2C);
            }
        },
        ALPN {
            @Override
            HttpServer of(HttpServer server) {
                return server.protocol(HttpProtocol.H2, HttpProtocol.HTTP11)
                        .secure(Certificates.tls(Http2SslContextSpec
                                .forServer(CERTIFICATE.getKeyPair().getPrivate(), CERTIFICATE.getCertificatePath())
                                .configure(builder -> builder.sslProvider(SslProvider.JDK))));
            }

            @Override
            HttpClient of(HttpClient client) {
                return client.protocol(HttpProtocol.H2, HttpProtocol.HTTP11)
                        .secure(Certificates.tls(Http2SslContextSpec.forClient()
                                .configure(builder -> builder.sslProvider(SslProvider.JDK)
                                        .trustManager(CERTIFICATE.getCertificate()))));
            }
        };

        abstract HttpServer of(HttpServer server);

        abstract HttpClient of(HttpClient client);
    }

    @ParameterizedTest
    @EnumSource
    void manyStreamsShareAConnection(Start start) {
        DisposableServer server = bind(start.of(server()).handle((request, response) -> {
            request.withConnection(connection -> streams.add(connection.channel()));
            return response.send(request.receive().retain());
        }));
        ConnectionProvider single = single();
        HttpClient client = start.of(HttpClient.create(single).runOn(loops).host("127.0.0.1").port(server.port()));
        begin(client);
        int requests = 500;
        Flux.range(0, requests).flatMap(i -> post(client, "body " + i).filter(("body " + i)::equals), 50)
                .count()
                .as(StepVerifier::create).expectNext((long) requests).expectComplete().verify(LONG);
        assertThat(streams).hasSize(requests)
                .allSatisfy(each -> assertThat(each).isInstanceOf(Http2StreamChannel.class));
        assertThat(parents()).singleElement().isInstanceOf(HotpathSocketChannel.class);
        single.disposeLater().block(LONG);
    }

    @ParameterizedTest
    @EnumSource
    void largeBodiesComeBackWhole(Start start) {
        DisposableServer server = bind(start.of(server())
                .handle((request, response) -> response.send(request.receive().retain())));
        long bytes = 4 << 20;
        String wanted = digestOfBlocks(bytes);
        for (LoopResources side : List.of(others, loops)) {
            ConnectionProvider single = single();
            HttpClient client = start.of(HttpClient.create(single).runOn(side).host("127.0.0.1").port(server.port()));
            begin(client);
            String got = client.post().uri("/").send(blocks(bytes))
                    .response((_, content) -> digest(content)).blockLast(LONG);
            assertThat(got).isEqualTo(wanted);
            single.disposeLater().block(LONG);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aStreamThatItsClientLeavesEndsAndItsConnectionStays(Start start) {
        streams.clear();
        AtomicInteger cancelled = new AtomicInteger();
        DisposableServer server = bind(start.of(server()).handle((request, response) -> {
            request.withConnection(connection -> streams.add(connection.channel()));
            return response.sse().send(Flux.interval(Duration.ofMillis(5)).onBackpressureDrop()
                    .map(i -> Unpooled.copiedBuffer("data: " + i + "\n\n", StandardCharsets.UTF_8))
                    .doOnCancel(cancelled::incrementAndGet), _ -> true);
        }));
        ConnectionProvider single = single();
        HttpClient client = start.of(HttpClient.create(single).runOn(others).host("127.0.0.1").port(server.port()));
        int clients = 20;
        client.get().uri("/").responseContent().take(1).then().block(LONG);
        Flux.range(1, clients - 1).flatMap(_ -> client.get().uri("/").responseContent().take(3).then(), 5)
                .then().block(LONG);
        Flux.interval(Duration.ofMillis(10)).takeUntil(_ -> cancelled.get() == clients).then().block(LONG);
        assertThat(streams).hasSize(clients);
        assertThat(parents()).singleElement().isInstanceOf(HotpathSocketChannel.class);
        single.disposeLater().block(LONG);
    }

    @Test
    void theJdksClientAgreesOnHttp2() throws Exception {
        DisposableServer server = bind(Start.ALPN.of(server())
                .handle((request, response) -> response.send(request.receive().retain())));
        byte[] body = new byte[1 << 20];
        new SplittableRandom(5).nextBytes(body);
        try (var client = Certificates.jdkClient(CERTIFICATE)) {
            var response = client.send(
                    HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port()))
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            assertThat(response.version()).isEqualTo(java.net.http.HttpClient.Version.HTTP_2);
            assertThat(response.body()).isEqualTo(body);
        }
    }

    /** A request without a body, which may be an upgrade. */
    private void begin(HttpClient client) {
        client.get().uri("/").responseContent().then().block(LONG);
        streams.clear();
    }

    private Set<Channel> parents() {
        return streams.stream().map(Channel::parent).collect(Collectors.toSet());
    }

    private static ConnectionProvider single() {
        return ConnectionProvider.builder("single").maxConnections(1).pendingAcquireMaxCount(-1).build();
    }
}
