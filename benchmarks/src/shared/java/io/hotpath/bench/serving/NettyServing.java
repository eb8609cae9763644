package io.hotpath.bench.serving;

import io.hotpath.bench.Workload;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Raw Netty channels: the same handlers for each transport. They flush when a read is complete. */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails also closes its channel
public final class NettyServing {
    static final byte[] BODY = "Hello, World!".getBytes(StandardCharsets.US_ASCII);

    private NettyServing() {}

    /** A bootstrap without group and channel. */
    public static ServerBootstrap bootstrap(Workload workload) {
        return new ServerBootstrap()
                .option(ChannelOption.SO_BACKLOG, ServerOptions.BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        switch (workload) {
                            case ECHO -> channel.pipeline().addLast(new Echo());
                            case SINK -> channel.pipeline().addLast(new Sink());
                            case HTTP -> channel.pipeline().addLast(new HttpServerCodec(), new Http());
                        }
                    }
                });
    }

    /** Binds, and says which channel it really is. */
    public static ServerChannel bind(ServerBootstrap bootstrap, ServerOptions options) {
        return (ServerChannel) bootstrap.bind(options.address()).syncUninterruptibly().channel();
    }

    /** What a server channel is. */
    public static Map<String, String> facts(Channel channel) {
        return Map.of("channel", channel.getClass().getSimpleName());
    }

    public static int port(Channel channel) {
        return ((InetSocketAddress) channel.localAddress()).getPort();
    }

    private static class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message, context.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }

    private static final class Sink extends Echo {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
        }
    }

    private static final class Http extends Echo {
        private static final ByteBuf SHARED = Unpooled.unreleasableBuffer(Unpooled.directBuffer().writeBytes(BODY));

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof LastHttpContent) {
                FullHttpResponse response = new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.OK, SHARED.duplicate());
                response.headers().set("Content-Type", "text/plain").set("Content-Length", BODY.length);
                context.write(response, context.voidPromise());
            }
            ReferenceCountUtil.release(message);
        }
    }
}
