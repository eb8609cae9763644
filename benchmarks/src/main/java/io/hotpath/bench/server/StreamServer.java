package io.hotpath.bench.server;

import io.hotpath.bench.Workload;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.hotpath.reactor.Bound;
import io.hotpath.reactor.CompletionStream;
import io.hotpath.reactor.Connections;
import io.hotpath.reactor.HotpathConnection;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.reactivestreams.Publisher;

/** The completion stream, with logic that is declared per connection. */
public final class StreamServer {
    private StreamServer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, StreamServer::start);
    }

    private static RunningServer start(ServerOptions options) throws Exception {
        CompletableFuture<Bound> ready = new CompletableFuture<>();
        CompletionStream.listen(options.address())
                .config(Engines.config(options))
                .backlog(ServerOptions.BACKLOG)
                .doOnBound(ready::complete)
                .transform(Connections.each(logic(options.workload())))
                .subscribe(nothing -> {}, ready::completeExceptionally);
        Bound bound = ready.get();
        return new RunningServer(
                bound.port(),
                Engines.facts("CompletionStream", bound.stats()),
                () -> Engines.counters(bound.stats()));
    }

    private static Function<HotpathConnection, Publisher<Void>> logic(Workload workload) {
        return switch (workload) {
            case ECHO -> connection -> connection.send(connection.receive());
            case SINK -> connection -> connection.receive().then();
            case HTTP -> connection -> connection.send(connection.receive().handle(new HttpAnswers()));
        };
    }
}
