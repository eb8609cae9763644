package io.hotpath.bench.peer;

import io.hotpath.bench.serving.NettyServing;
import io.hotpath.bench.serving.ReactorNettyServing;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.netty.channel.Channel;
import reactor.netty.resources.LoopResources;

/** reactor-netty on its own event loops. */
public final class ReactorNettyPeer {
    private ReactorNettyPeer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, ReactorNettyPeer::start);
    }

    private static RunningServer start(ServerOptions options) {
        Transports.choose(options.transport());
        Channel channel = ReactorNettyServing.bind(options, LoopResources.create("bench", 1, true)).channel();
        Transports.require(options.transport(), channel);
        return new RunningServer(NettyServing.port(channel), NettyServing.facts(channel));
    }
}
