package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.X509Bundle;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.SplittableRandom;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.test.StepVerifier;

/** HTTPS with the JDK's TLS. */
class TlsIT extends ReactorNettyBed {
    private final X509Bundle certificate = Certificates.selfSigned();

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void largeBodiesComeBackWholeOnOneConnection(String version) {
        DisposableServer server = bind(secured(version)
                .handle((request, response) -> response.send(request.receive().retain())));
        long bytes = 4 << 20;
        String wanted = digestOfBlocks(bytes);
        for (LoopResources side : List.of(others, loops)) {
            accepted.clear();
            ConnectionProvider single = ConnectionProvider.create("tls", 1);
            HttpClient client = HttpClient.create(single).runOn(side).host("127.0.0.1").port(server.port())
                    .secure(Certificates.tls(Http11SslContextSpec.forClient()
                            .configure(builder -> builder.trustManager(certificate.getCertificate()))));
            for (int i = 0; i < 2; i++) {
                String got = client.post().uri("/").send(blocks(bytes))
                        .response((_, content) -> digest(content)).blockLast(LONG);
                assertThat(got).isEqualTo(wanted);
            }
            assertThat(accepted).singleElement().isInstanceOf(HotpathSocketChannel.class)
                    .satisfies(channel -> assertThat(channel.pipeline().get(SslHandler.class).engine().getSession()
                            .getProtocol()).isEqualTo(version));
            single.disposeLater().block(LONG);
        }
    }

    @Test
    void aClientThatDoesNotTrustTheServerIsToldAndTheNextIsServed() {
        DisposableServer server = bind(secured("TLSv1.3")
                .handle((_, response) -> response.sendString(Mono.just("hello"))));
        for (int i = 0; i < 20; i++) {
            client(server, loops).secure(Certificates.tls(Http11SslContextSpec.forClient()))
                    .get().uri("/").response()
                    .as(StepVerifier::create).expectError(SSLHandshakeException.class).verify(LONG);
        }
        String body = client(server, loops)
                .secure(Certificates.tls(Http11SslContextSpec.forClient()
                        .configure(builder -> builder.trustManager(certificate.getCertificate()))))
                .get().uri("/").responseContent().aggregate().asString().block(LONG);
        assertThat(body).isEqualTo("hello");
    }

    @Test
    void theJdksClientIsServed() throws Exception {
        DisposableServer server = bind(secured("TLSv1.3")
                .handle((request, response) -> response.send(request.receive().retain())));
        byte[] body = new byte[1 << 20];
        new SplittableRandom(5).nextBytes(body);
        try (var client = Certificates.jdkClient(certificate)) {
            var request = HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port()))
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
            assertThat(client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body()).isEqualTo(body);
        }
    }

    private HttpServer secured(String version) {
        return server().secure(Certificates.tls(Http11SslContextSpec
                .forServer(certificate.getKeyPair().getPrivate(), certificate.getCertificatePath())
                .configure(builder -> builder.sslProvider(SslProvider.JDK).protocols(version))));
    }
}
