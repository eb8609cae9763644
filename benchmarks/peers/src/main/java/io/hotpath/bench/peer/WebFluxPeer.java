package io.hotpath.bench.peer;

import io.hotpath.bench.serving.NettyServing;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.hotpath.bench.serving.WebFluxServing;
import io.netty.channel.Channel;
import java.util.Map;

/** Spring WebFlux on reactor-netty's own event loops. */
public final class WebFluxPeer {
    private WebFluxPeer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, WebFluxPeer::start);
    }

    private static RunningServer start(ServerOptions options) {
        Transports.choose(options.transport());
        Channel channel = WebFluxServing.start(options, Map.of()).channel();
        Transports.require(options.transport(), channel);
        return new RunningServer(NettyServing.port(channel), NettyServing.facts(channel));
    }
}
