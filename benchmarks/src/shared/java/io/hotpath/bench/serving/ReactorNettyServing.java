package io.hotpath.bench.serving;

import io.hotpath.bench.Workload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpServer;

/** reactor-netty's TCP and HTTP servers: the same handlers on each event loop. */
public final class ReactorNettyServing {
    private ReactorNettyServing() {}

    /** Binds, and returns when it listens. */
    public static DisposableServer bind(ServerOptions options, LoopResources loops) {
        return options.workload() == Workload.HTTP
                ? http(options).runOn(loops).bindNow()
                : tcp(options).runOn(loops).bindNow();
    }

    private static TcpServer tcp(ServerOptions options) {
        TcpServer server = TcpServer.create()
                .bindAddress(options::address)
                .option(ChannelOption.SO_BACKLOG, ServerOptions.BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true);
        return options.workload() == Workload.ECHO
                ? server.handle((in, out) -> out.send(in.receive().retain()))
                : server.handle((in, out) -> in.receive().then());
    }

    private static HttpServer http(ServerOptions options) {
        ByteBuf body = Unpooled.unreleasableBuffer(Unpooled.directBuffer().writeBytes(NettyServing.BODY));
        return HttpServer.create()
                .bindAddress(options::address)
                .option(ChannelOption.SO_BACKLOG, ServerOptions.BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .handle((request, response) -> response
                        .header("Content-Type", "text/plain")
                        .header("Content-Length", "13")
                        .send(Mono.fromSupplier(body::duplicate)));
    }
}
