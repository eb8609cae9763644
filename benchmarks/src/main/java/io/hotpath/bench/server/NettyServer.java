package io.hotpath.bench.server;

import io.hotpath.bench.serving.NettyServing;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.hotpath.netty.HotpathEventLoopGroup;
import io.hotpath.netty.HotpathServerSocketChannel;
import io.netty.channel.Channel;

/** Raw Netty channels on Hotpath. */
public final class NettyServer {
    private NettyServer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, NettyServer::start);
    }

    private static RunningServer start(ServerOptions options) {
        HotpathEventLoopGroup loops = new HotpathEventLoopGroup(1, Engines.config(options));
        Channel channel = NettyServing.bind(
                NettyServing.bootstrap(options.workload()).group(loops).channel(HotpathServerSocketChannel.class),
                options);
        return Engines.running(channel, () -> loops.stats().getFirst());
    }
}
