package io.hotpath.bench.server;

import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.hotpath.bench.serving.WebFluxServing;
import io.hotpath.spring.HotpathLoops;
import java.util.Map;

/** Spring WebFlux on Hotpath, through the auto-configuration. */
public final class WebFluxServer {
    private WebFluxServer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, WebFluxServer::start);
    }

    private static RunningServer start(ServerOptions options) {
        WebFluxServing running = WebFluxServing.start(
                options, Map.of("hotpath.kernel", options.kernel(), "hotpath.loops", 1));
        HotpathLoops loops = running.context().getBean(HotpathLoops.class);
        return Engines.running(running.channel(), () -> loops.stats().getFirst());
    }
}
