package io.hotpath.samples.echo;

import io.hotpath.reactor.Bound;
import io.hotpath.reactor.CompletionStream;
import io.hotpath.reactor.Connections;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** The echo, declared: each connection sends what it receives. */
final class StreamEcho implements EchoServer {
    private final EchoOptions options;
    private final List<Bound> bound = new CopyOnWriteArrayList<>();

    StreamEcho(EchoOptions options) {
        this.options = options;
    }

    @Override
    public InetSocketAddress start() {
        Sinks.Many<Bound> opened = Sinks.many().replay().all();
        CompletionStream stream = CompletionStream.listen(options.port()).doOnBound(rail -> {
            bound.add(rail);
            opened.emitNext(rail, Sinks.EmitFailureHandler.busyLooping(Duration.ofSeconds(1)));
        });
        List<Flux<Void>> rails = new ArrayList<>();
        for (CompletionStream rail : stream.rails(options.loops())) {
            rails.add(rail.transform(Connections.each(c -> c.send(c.receive()))));
        }
        Flux.merge(Flux.fromIterable(rails), rails.size())
                .subscribe(nothing -> {}, failure -> opened.emitError(failure, Sinks.EmitFailureHandler.FAIL_FAST));
        Bound last = opened.asFlux().take(rails.size()).blockLast(Duration.ofSeconds(10));
        if (last == null) {
            throw new IllegalStateException("not listening after 10 seconds");
        }
        return (InetSocketAddress) last.address();
    }

    @Override
    public String stop() {
        bound.forEach(Bound::dispose);
        Mono.when(bound.stream().map(Bound::onDispose).toList()).block(Duration.ofSeconds(15));
        return EchoServer.closingLine(bound.stream().map(Bound::stats).toList());
    }
}
