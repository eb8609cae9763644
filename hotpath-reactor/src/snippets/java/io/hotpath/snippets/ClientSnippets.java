package io.hotpath.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hotpath.reactor.HotpathClient;
import io.hotpath.reactor.HotpathClientConnection;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** What the Javadoc of the client shows. */
public final class ClientSnippets {
    private ClientSnippets() {}

    /** Asks one question and returns the answer. */
    public static String ask(int port) {
        // @start region="ask"
        HotpathClient client = HotpathClient.create().host("localhost").port(port);
        String answer = client.connect()
                .flatMap(connection -> connection.outbound()
                        .sendString(Mono.just("a question"))
                        .shutdownOutput()
                        .then()
                        .then(connection.inbound().aggregate(1 << 20))
                        .doFinally(end -> connection.dispose()))
                .map(bytes -> new String(bytes, UTF_8))
                .block(Duration.ofSeconds(10));
        // @end
        return String.valueOf(answer);
    }

    /** Has a handler talk, and waits for its end. */
    public static void handle(int port) {
        // @start region="handle"
        HotpathClientConnection connection = HotpathClient.create()
                .port(port)
                .connectTimeout(Duration.ofSeconds(2))
                .handle((in, out) -> out.sendString(Mono.just("hello")).shutdownOutput().then(in.receive().then()))
                .connectNow();
        connection.onDispose().block(Duration.ofSeconds(10));
        // @end
    }
}
