package io.hotpath.netty;

import io.hotpath.KernelPolicy;
import io.hotpath.engine.EngineConfig;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapFactory;
import io.netty.testsuite.transport.socket.SocketTestPermutation;
import java.util.List;

/**
 * Who talks to whom in Netty's tests: Hotpath and NIO, never NIO alone. {@code -Dhotpath.netty.policy=EPOLL} chooses the
 * kernel, {@code -Dhotpath.netty.buffers=16
 * -Dhotpath.netty.bufferBytes=1024} the ring, {@code -Dhotpath.netty.allocators=all} Netty's full matrix.
 */
final class Combos extends SocketTestPermutation {
    private static final Combos INSTANCE = new Combos();
    private static final EventLoopGroup HOTPATH =
            new HotpathEventLoopGroup(NUM_THREADS, HotpathEventLoopGroup.threads("testsuite-hotpath", true), config());

    /** The engines of these tests. */
    static EngineConfig config() {
        return EngineConfig.DEFAULT
                .withBuffers(Integer.getInteger("hotpath.netty.buffers", 512),
                        Integer.getInteger("hotpath.netty.bufferBytes", 8192))
                .withPolicy(KernelPolicy.valueOf(System.getProperty("hotpath.netty.policy", "AUTO")));
    }

    static List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> both() {
        List<BootstrapFactory<ServerBootstrap>> nioServer =
                List.of(() -> new ServerBootstrap().group(INSTANCE.NIO_GROUP).channel(NioServerSocketChannel.class));
        List<BootstrapFactory<Bootstrap>> nioClient =
                List.of(() -> new Bootstrap().group(INSTANCE.NIO_GROUP).channel(NioSocketChannel.class));
        List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> combos = INSTANCE.combo(servers(), clients());
        combos.addAll(INSTANCE.combo(servers(), nioClient));
        combos.addAll(INSTANCE.combo(nioServer, clients()));
        return combos;
    }

    static List<BootstrapFactory<ServerBootstrap>> servers() {
        return List.of(() -> new ServerBootstrap().group(HOTPATH).channel(HotpathServerSocketChannel.class));
    }

    static List<BootstrapFactory<Bootstrap>> clients() {
        return List.of(() -> new Bootstrap().group(HOTPATH).channel(HotpathSocketChannel.class));
    }

    static List<ByteBufAllocator> allocators(List<ByteBufAllocator> all) {
        return System.getProperty("hotpath.netty.allocators", "one").equals("all")
                ? all
                : List.of(PooledByteBufAllocator.DEFAULT);
    }
}
