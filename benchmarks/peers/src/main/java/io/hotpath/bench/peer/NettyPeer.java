package io.hotpath.bench.peer;

import io.hotpath.bench.serving.NettyServing;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUringBufferRingAllocator;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringFixedBufferRingAllocator;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.util.LinkedHashMap;
import java.util.Map;

/** Raw Netty channels on Netty's own transports; {@code io_uring-ring} is io_uring with a buffer ring, which is off by default. */
public final class NettyPeer {
    private static final short GROUP = 0;
    private static final short BUFFERS = 512;
    private static final int BUFFER_BYTES = 8192;

    private NettyPeer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, NettyPeer::start);
    }

    private static RunningServer start(ServerOptions options) {
        ServerBootstrap bootstrap = NettyServing.bootstrap(options.workload());
        switch (options.transport()) {
            case "nio" -> bootstrap.channel(NioServerSocketChannel.class).group(loop(NioIoHandler.newFactory()));
            case "epoll" -> bootstrap.channel(EpollServerSocketChannel.class).group(loop(EpollIoHandler.newFactory()));
            case "io_uring" -> bootstrap.channel(IoUringServerSocketChannel.class)
                    .group(loop(IoUringIoHandler.newFactory()));
            case "io_uring-ring" -> bootstrap.channel(IoUringServerSocketChannel.class)
                    .group(loop(IoUringIoHandler.newFactory(new IoUringIoHandlerConfig().setBufferRingConfig(ring()))))
                    .childOption(IoUringChannelOption.IO_URING_BUFFER_GROUP_ID, GROUP);
            default -> throw new IllegalArgumentException("unknown transport " + options.transport());
        }
        Channel channel = NettyServing.bind(bootstrap, options);
        Map<String, String> facts = new LinkedHashMap<>(NettyServing.facts(channel));
        facts.put("transport", options.transport());
        return new RunningServer(NettyServing.port(channel), facts);
    }

    private static MultiThreadIoEventLoopGroup loop(IoHandlerFactory factory) {
        return new MultiThreadIoEventLoopGroup(1, factory);
    }

    private static IoUringBufferRingConfig ring() {
        IoUringBufferRingAllocator allocator = new IoUringFixedBufferRingAllocator(BUFFER_BYTES);
        return IoUringBufferRingConfig.builder()
                .bufferGroupId(GROUP)
                .bufferRingSize(BUFFERS)
                .batchSize(BUFFERS / 2)
                .allocator(allocator)
                .build();
    }
}
