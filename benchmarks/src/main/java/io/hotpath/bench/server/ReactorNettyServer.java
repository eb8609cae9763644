package io.hotpath.bench.server;

import io.hotpath.bench.serving.ReactorNettyServing;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.hotpath.netty.HotpathLoopResources;

/** reactor-netty on Hotpath. */
public final class ReactorNettyServer {
    private ReactorNettyServer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, ReactorNettyServer::start);
    }

    private static RunningServer start(ServerOptions options) {
        HotpathLoopResources loops = HotpathLoopResources.create("bench", 1, Engines.config(options));
        return Engines.running(
                ReactorNettyServing.bind(options, loops).channel(), () -> loops.stats().getFirst());
    }
}
