package io.hotpath.netty;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.security.SecureRandom;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;
import reactor.netty.tcp.SslProvider.SslContextSpec;

/** A certificate for the tests' address, made with nothing native. */
final class Certificates {
    private Certificates() {}

    static X509Bundle selfSigned() {
        try {
            return new CertificateBuilder().ecp256().subject("CN=hotpath test").addSanIpAddress("127.0.0.1")
                    .setIsCertificateAuthority(true).buildSelfSigned();
        } catch (Exception unmade) {
            throw new IllegalStateException(unmade);
        }
    }

    /** What {@code secure} of servers and clients wants. */
    static Consumer<SslContextSpec> tls(GenericSslContextSpec<?> settings) {
        return spec -> spec.sslContext(settings);
    }

    /** The JDK's HTTP client, which trusts {@code certificate} and asks for HTTP/2 by ALPN. */
    static java.net.http.HttpClient jdkClient(X509Bundle certificate) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, certificate.toTrustManagerFactory().getTrustManagers(), new SecureRandom());
        return java.net.http.HttpClient.newBuilder().sslContext(context).build();
    }
}
