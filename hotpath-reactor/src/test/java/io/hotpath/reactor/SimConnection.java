package io.hotpath.reactor;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import reactor.core.publisher.Mono;

/** Connections with their own demand, whose peer is a {@link ChunkPeer}. */
final class SimConnection {
    private SimConnection() {}

    /** Accepts a connection whose peer sends {@code chunks} times a buffer of bytes, then ends its side. */
    static HotpathConnection accept(SimLoops loops, long chunks) {
        CompletableFuture<HotpathConnection> accepted = new CompletableFuture<>();
        loops.on(loops.listen().transform(Connections.each(connection -> {
            accepted.complete(connection);
            return Mono.never();
        })), kernel -> new ChunkPeer(kernel, chunks)).subscribe();
        return get(accepted);
    }

    /** A connection that is closed, and its loop gone. */
    static HotpathConnection ended(SimLoops loops) {
        CompletableFuture<HotpathConnection> accepted = new CompletableFuture<>();
        CompletableFuture<Bound> bound = new CompletableFuture<>();
        loops.on(loops.listen().doOnBound(bound::complete).transform(Connections.each(connection -> {
            accepted.complete(connection);
            return Mono.empty();
        })), kernel -> new ChunkPeer(kernel, 0)).subscribe();
        HotpathConnection connection = get(accepted);
        get(bound).dispose();
        get(bound).onDispose().block();
        return connection;
    }

    static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException | InterruptedException | TimeoutException failed) {
            throw new AssertionError(failed);
        }
    }
}
