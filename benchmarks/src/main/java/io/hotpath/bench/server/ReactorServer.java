package io.hotpath.bench.server;

import io.hotpath.bench.Workload;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.HotpathInbound;
import io.hotpath.reactor.HotpathOutbound;
import io.hotpath.reactor.HotpathServer;
import java.util.function.BiFunction;
import org.reactivestreams.Publisher;

/** {@link HotpathServer}: a handler per connection. */
public final class ReactorServer {
    private ReactorServer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, ReactorServer::start);
    }

    private static RunningServer start(ServerOptions options) {
        BoundServer bound = HotpathServer.create()
                .bindAddress(options::address)
                .backlog(ServerOptions.BACKLOG)
                .config(Engines.config(options))
                .handle(handler(options.workload()))
                .bindNow();
        return new RunningServer(
                bound.port(),
                Engines.facts("HotpathServer", bound.stats().getFirst()),
                () -> Engines.counters(bound.stats().getFirst()));
    }

    private static BiFunction<HotpathInbound, HotpathOutbound, Publisher<Void>> handler(Workload workload) {
        return switch (workload) {
            case ECHO -> (in, out) -> out.send(in.receive());
            case SINK -> (in, out) -> in.receive().then();
            case HTTP -> (in, out) -> out.send(in.receive().handle(new HttpAnswers()));
        };
    }
}
