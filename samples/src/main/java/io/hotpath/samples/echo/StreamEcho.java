package io.hotpath.samples.echo;

import io.hotpath.reactor.Bound;
import io.hotpath.reactor.CompletionStream;
import io.hotpath.reactor.Connections;
import io.hotpath.reactor.HotpathEvent;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The echo, declared: each connection sends what it receives. */
final class StreamEcho implements EchoServer {
    private final EchoOptions options;
    private final List<Bound> bound = new ArrayList<>();
    private final CompletableFuture<Void> failure = new CompletableFuture<>();

    StreamEcho(EchoOptions options) {
        this.options = options;
    }

    @Override
    public InetSocketAddress start() throws Exception {
        for (CompletionStream rail : CompletionStream.listen(options.port()).rails(options.loops())) {
            CompletableFuture<Bound> opened = new CompletableFuture<>();
            rail.doOnBound(opened::complete)
                    .transform(StreamEcho::echo)
                    .doOnError(opened::completeExceptionally)
                    .subscribe(nothing -> {}, failure::completeExceptionally);
            bound.add(opened.get());
        }
        return (InetSocketAddress) bound.getFirst().address();
    }

    static Publisher<Void> echo(Flux<HotpathEvent> events) {
        return events.transform(Connections.each(c -> c.send(c.receive())));
    }

    @Override
    public void failover() {
        bound.forEach(Bound::forceUnhealthy);
    }

    @Override
    public CompletableFuture<Void> failure() {
        return failure;
    }

    @Override
    public String stop() {
        bound.forEach(Bound::dispose);
        Mono.when(bound.stream().map(Bound::onDispose).toList())
                .timeout(Duration.ofSeconds(15))
                .onErrorComplete()
                .block();
        return EchoServer.closingLine(bound.stream().map(Bound::stats).toList());
    }
}
