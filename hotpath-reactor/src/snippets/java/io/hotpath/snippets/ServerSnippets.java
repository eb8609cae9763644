package io.hotpath.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hotpath.engine.Limits;
import io.hotpath.reactor.AttributeKey;
import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.Frames;
import io.hotpath.reactor.HotpathInbound;
import io.hotpath.reactor.HotpathOutbound;
import io.hotpath.reactor.HotpathServer;
import io.hotpath.reactor.WiretapFormat;
import java.lang.System.Logger.Level;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the Javadoc of the server shows. */
public final class ServerSnippets {
    private ServerSnippets() {}

    static void echo() {
        // @start region="echo"
        BoundServer server = HotpathServer.create()
                .port(7007)
                .handle((in, out) -> out.send(in.receive()))
                .bindNow();
        server.onDispose().block();
        // @end
    }

    /** A server with some of its settings. */
    public static HotpathServer settings() {
        // @start region="settings"
        HotpathServer server = HotpathServer.create()
                .host("127.0.0.1")
                .loops(2)
                .childOption(StandardSocketOptions.SO_KEEPALIVE, true)
                .limits(Limits.DEFAULT.withFirstByte(Duration.ofSeconds(10)).withIdle(Duration.ofMinutes(5)))
                .wiretap("my.protocol", Level.DEBUG, WiretapFormat.TEXT)
                .doOnBound(bound -> System.out.println("listening on " + bound.address()));
        // @end
        return server;
    }

    /** A server on a path. */
    public static HotpathServer unix(Path path) {
        // @start region="unix"
        HotpathServer server = HotpathServer.create().bindAddress(() -> UnixDomainSocketAddress.of(path));
        // @end
        return server;
    }

    static void stop(BoundServer server) {
        // @start region="stop"
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.disposeNow(Duration.ofSeconds(20))));
        // @end
    }

    // @start region="attribute"
    private static final AttributeKey<Instant> SINCE = AttributeKey.of("since");

    /** Tells each client how long it is here. */
    public static HotpathServer attribute() {
        return HotpathServer.create()
                .doOnConnection(connection -> connection.attribute(SINCE, Instant.now()))
                .handle((in, out) -> out
                        .sendString(in.receive().map(any -> "since " + in.connection().attribute(SINCE))));
    }
    // @end

    /** Answers each line. */
    public static Publisher<Void> inbound(HotpathInbound in, HotpathOutbound out) {
        // @start region="inbound"
        Flux<String> lines = Frames.delimited("\n".getBytes(UTF_8), 1024).apply(in.receive())
                .map(line -> new String(line, UTF_8));
        return out.sendString(lines.map(line -> "you said " + line + "\n"));
        // @end
    }

    /** Sends a header, a file, and the end, then waits for the peer's. */
    public static Publisher<Void> outbound(HotpathInbound in, HotpathOutbound out, Path file) {
        // @start region="outbound"
        return out.sendString(Mono.just("here it comes\n"))
                .sendFile(file)
                .shutdownOutput()
                .then(in.receive().then());
        // @end
    }
}
