package io.hotpath.samples.echo;

import io.hotpath.engine.EngineStats;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** An echo that can be started, and stopped with a line about what it did. */
interface EchoServer {
    /** Returns when it listens. */
    InetSocketAddress start() throws Exception;

    /** Moves every loop to its next ring; clients notice nothing. */
    void failover();

    /** Fails when it can serve no longer. */
    CompletableFuture<Void> failure();

    /** Stops in order; returns the closing line. */
    String stop();

    static String closingLine(List<EngineStats> loops) {
        long connections = 0;
        long in = 0;
        long out = 0;
        long leaked = 0;
        for (EngineStats loop : loops) {
            connections += loop.accepted();
            in += loop.bytesIn();
            out += loop.bytesOut();
            leaked += loop.leasesHeld() + loop.copiesHeld();
        }
        return "connections " + connections + ", bytes in " + in + ", bytes out " + out + ", buffers leaked " + leaked;
    }
}
