package io.hotpath.snippets;

import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.reactor.Connections;
import io.hotpath.reactor.Frames;
import io.hotpath.reactor.HotpathClient;
import io.hotpath.reactor.HotpathInbound;
import io.hotpath.reactor.HotpathOutbound;
import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestPeer;
import java.time.Duration;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the documentation of {@code HotpathTest} shows. */
public final class TestSnippets {
    private static final byte[] CRLF = {'\r', '\n'};

    private TestSnippets() {}

    /** Answers each line with {@code PONG}, and gives up on a client that says nothing for 30 seconds. */
    static Publisher<Void> ping(HotpathInbound in, HotpathOutbound out) {
        return out.sendString(in.receive()
                .transform(Frames.delimited(CRLF, 1024))
                .timeout(Duration.ofSeconds(30))
                .map(line -> "PONG\r\n"));
    }

    /** A conversation. */
    public static void server() {
        // @start region="server"
        try (HotpathTest test = HotpathTest.server(TestSnippets::ping)) {
            HotpathTestPeer peer = test.connect();
            StepVerifier.create(peer.receivedLines())
                    .then(() -> peer.send("PING\r\nPI"))
                    .expectNext("PONG")
                    .then(() -> peer.sendSlowly("NG\r\n"))
                    .expectNext("PONG")
                    .then(() -> test.advanceTime(Duration.ofSeconds(31))) // the server's patience ends
                    .verifyErrorMessage("Connection reset by peer");
        } // fails if a buffer did not come home
          // @end
    }

    /** The same under faults. */
    public static void faults() {
        // @start region="faults"
        for (long seed = 1; seed <= 20; seed++) {
            try (HotpathTest test =
                    HotpathTest.setup().seed(seed).faults(SimFaults.mild()).buffers(4, 16).server(TestSnippets::ping)) {
                HotpathTestPeer peer = test.connect();
                peer.sendInPieces("PING\r\nPING\r\n");
                test.forceUnhealthy(); // the ring is lost, the connection is not
                peer.finish();
                StepVerifier.create(peer.receivedLines()).expectNext("PONG", "PONG").verifyComplete();
            }
        }
        // @end
    }

    /** A client between scripted ends. */
    public static void client() {
        // @start region="client"
        try (HotpathTest test = HotpathTest.open()) {
            var listener = test.listen(9000);
            Mono<String> answer = HotpathClient.create().port(9000).connect().flatMap(connection -> connection
                    .outbound()
                    .sendString(Mono.just("PING\r\n"))
                    .then()
                    .then(connection.inbound().receive().transform(Frames.delimited(CRLF, 1024)).next())
                    .map(String::new)
                    .doFinally(end -> connection.dispose()));

            StepVerifier.create(answer)
                    .then(() -> {
                        HotpathTestPeer server = listener.accept();
                        server.send("PONG\r\n");
                    })
                    .expectNext("PONG")
                    .verifyComplete();
        }
        // @end
    }

    /** A stream. */
    public static void stream() {
        // @start region="stream"
        try (HotpathTest test = HotpathTest.stream(Connections.each(c -> c.send(c.receive())))) {
            HotpathTestPeer peer = test.connect();
            peer.send("hello");
            peer.reset();
        }
        // @end
    }
}
