package io.hotpath.bench.peer;

import io.hotpath.bench.serving.NettyServing;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.netty.channel.Channel;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.transport.Transport;

/** Vert.x on each transport. Connections have one event loop; Vert.x accepts on another one. */
public final class VertxPeer {
    private static final Buffer BODY = Buffer.buffer("Hello, World!");

    private VertxPeer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, VertxPeer::start);
    }

    private static RunningServer start(ServerOptions options) {
        Vertx vertx = Vertx.builder()
                .with(new VertxOptions().setEventLoopPoolSize(1))
                .withTransport(transport(options.transport()))
                .build();
        int port = listen(vertx, options).await();
        Channel channel = ((VertxInternal) vertx).transport().serverChannelFactory(false).newChannel();
        channel.unsafe().closeForcibly(); // one of the kind that listens
        Transports.require(options.transport(), channel);
        return new RunningServer(port, NettyServing.facts(channel));
    }

    private static Transport transport(String name) {
        return switch (name) {
            case "nio" -> Transport.NIO;
            case "epoll" -> Transport.EPOLL;
            case "io_uring" -> Transport.IO_URING;
            default -> throw new IllegalArgumentException("unknown transport " + name);
        };
    }

    private static Future<Integer> listen(Vertx vertx, ServerOptions options) {
        NetServerOptions tcp = new NetServerOptions().setAcceptBacklog(ServerOptions.BACKLOG).setTcpNoDelay(true);
        String host = options.address().getHostString();
        int port = options.address().getPort();
        return switch (options.workload()) {
            case ECHO -> vertx.createNetServer(tcp)
                    .connectHandler(VertxPeer::echo)
                    .listen(port, host)
                    .map(server -> server.actualPort());
            case SINK -> vertx.createNetServer(tcp)
                    .connectHandler(socket -> socket.handler(dropped -> {}))
                    .listen(port, host)
                    .map(server -> server.actualPort());
            case HTTP -> vertx.createHttpServer(new HttpServerOptions()
                            .setAcceptBacklog(ServerOptions.BACKLOG)
                            .setTcpNoDelay(true))
                    .requestHandler(request -> request.response()
                            .putHeader("Content-Type", "text/plain")
                            .putHeader("Content-Length", "13")
                            .end(BODY))
                    .listen(port, host)
                    .map(server -> server.actualPort());
        };
    }

    private static void echo(NetSocket socket) {
        socket.handler(socket::write);
        socket.exceptionHandler(failed -> socket.close());
    }
}
