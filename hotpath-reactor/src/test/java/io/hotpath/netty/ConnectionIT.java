package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.DefaultFileRegion;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where channels connect from and to, how they give up and how they end, seen from the JDK's sockets. */
@Timeout(60)
class ConnectionIT {
    private static final HotpathEventLoopGroup GROUP = new HotpathEventLoopGroup(2, Combos.config());

    @AfterAll
    static void endLoops() {
        GROUP.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        CountedLeaks.assertNone();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.5", "::1"})
    void connectsFromTheAddressAndPortItIsBoundTo(String host) throws Exception {
        InetAddress local = InetAddress.ofLiteral(host);
        try (ServerSocket server = new ServerSocket(0, 10, local)) {
            int port = freePort(local);
            Channel client = client().connect(server.getLocalSocketAddress(), new InetSocketAddress(local, port))
                    .sync().channel();
            try (Socket accepted = server.accept()) {
                assertThat(accepted.getRemoteSocketAddress()).isEqualTo(new InetSocketAddress(local, port));
                assertThat(client.localAddress()).isEqualTo(accepted.getRemoteSocketAddress());
                assertThat(client.remoteAddress()).isEqualTo(server.getLocalSocketAddress());
            }
            client.closeFuture().sync();
        }
    }

    private static int freePort(InetAddress local) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, local)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void peerThatCameByIPv4ToTheWildcardOfBothHasItsIPv4Address() throws Exception {
        BlockingQueue<SocketAddress> peers = new LinkedBlockingQueue<>();
        Channel server = serve(new InetSocketAddress(0), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                peers.add(ctx.channel().remoteAddress());
            }
        });
        try (Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), port(server))) {
            assertThat(peers.poll(10, TimeUnit.SECONDS)).isEqualTo(client.getLocalSocketAddress())
                    .extracting(address -> ((InetSocketAddress) address).getAddress())
                    .isInstanceOf(Inet4Address.class);
        }
        server.close().sync();
    }

    @Test
    void acceptedChannelsDelayAsTheirServerUnlessTheyAreToldOtherwise() throws Exception {
        assertThat(noDelay(null, null)).containsOnly(true);
        assertThat(noDelay(null, false)).containsOnly(false);
        assertThat(noDelay(false, null)).containsOnly(false);
        assertThat(noDelay(false, true)).containsOnly(true);
    }

    /** What the kernel says of an accepted channel: as it came, and when its option was turned over and back. */
    private static List<Boolean> noDelay(@Nullable Boolean ofServer, @Nullable Boolean ofChild) throws Exception {
        BlockingQueue<Boolean> seen = new LinkedBlockingQueue<>();
        ServerBootstrap bootstrap = new ServerBootstrap().group(GROUP).channel(HotpathServerSocketChannel.class)
                .childHandler(new Sharable() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        ChannelConfig config = ctx.channel().config();
                        boolean first = config.getOption(ChannelOption.TCP_NODELAY);
                        config.setOption(ChannelOption.TCP_NODELAY, !first);
                        boolean other = config.getOption(ChannelOption.TCP_NODELAY);
                        config.setOption(ChannelOption.TCP_NODELAY, first);
                        seen.addAll(List.of(first, !other, config.getOption(ChannelOption.TCP_NODELAY)));
                    }
                });
        if (ofServer != null) {
            bootstrap.option(ChannelOption.TCP_NODELAY, ofServer);
        }
        if (ofChild != null) {
            bootstrap.childOption(ChannelOption.TCP_NODELAY, ofChild);
        }
        Channel server = bootstrap.bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        List<Boolean> states = new ArrayList<>();
        try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            for (int i = 0; i < 3; i++) {
                states.add(Objects.requireNonNull(seen.poll(10, TimeUnit.SECONDS)));
            }
        }
        server.close().sync();
        return states;
    }

    /** A listener whose queue is full answers nobody, as a dead host does. */
    @Test
    void connectGivesUpAfterItsTimeout() throws Exception {
        List<SocketChannel> filling = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (int i = 0; i < 4; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(full.getLocalSocketAddress());
                filling.add(channel);
            }
            assertThatThrownBy(() -> client().option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 200)
                    .connect(full.getLocalSocketAddress())
                    .sync())
                    .isInstanceOf(ConnectTimeoutException.class)
                    .hasMessageContaining("200 ms");
        } finally {
            for (SocketChannel channel : filling) {
                channel.close();
            }
        }
    }

    @Test
    void closeWithoutLingeringResetsThePeer() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Channel client = client().option(ChannelOption.SO_LINGER, 0).connect(server.getLocalSocketAddress())
                    .sync().channel();
            try (Socket accepted = server.accept()) {
                client.close().sync();
                assertThatThrownBy(() -> accepted.getInputStream().read()).isInstanceOf(SocketException.class)
                        .hasMessageContaining("Connection reset");
            }
        }
    }

    @Test
    void regionAboveTwoGibibytesArrivesWhole(@TempDir Path directory) throws Exception {
        long size = (2L << 30) + 12_345;
        Path file = directory.resolve("sparse");
        byte[] end = {1, 2, 3};
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.seek(size - end.length);
            sparse.write(end);
        }
        Channel server = serve(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.write(Unpooled.copiedBuffer(new byte[]{9}));
                ctx.writeAndFlush(new DefaultFileRegion(file.toFile(), 0, size)).addListener(sent -> ctx.close());
            }
        });
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            InputStream in = client.getInputStream();
            assertThat(in.read()).isEqualTo(9);
            in.skipNBytes(size - end.length);
            assertThat(in.readAllBytes()).isEqualTo(end);
        }
        server.close().sync();
    }

    private static Bootstrap client() {
        return new Bootstrap().group(GROUP).channel(HotpathSocketChannel.class).handler(new Discard());
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "0.0.0.0"})
    void addressesAreKnownWhenItIsOver(String host) throws Exception {
        BlockingQueue<SocketAddress> asked = new LinkedBlockingQueue<>();
        Channel server = serve(new InetSocketAddress(InetAddress.ofLiteral(host), 0), new Sharable() {
            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                asked.add(ctx.channel().localAddress());
                asked.add(ctx.channel().remoteAddress());
            }
        });
        Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), port(server));
        SocketAddress clients = client.getLocalSocketAddress();
        client.close();
        assertThat(asked.poll(10, TimeUnit.SECONDS)).isEqualTo(client.getRemoteSocketAddress());
        assertThat(asked.poll(10, TimeUnit.SECONDS)).isEqualTo(clients);
    }

    private static Channel serve(SocketAddress at, ChannelInboundHandlerAdapter child) throws InterruptedException {
        return new ServerBootstrap().group(GROUP).channel(HotpathServerSocketChannel.class).childHandler(child)
                .bind(at).sync().channel();
    }

    private static int port(Channel server) {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    /** Serves any number of channels. */
    private static class Sharable extends ChannelInboundHandlerAdapter {
        @Override
        public boolean isSharable() {
            return true;
        }
    }

    private static final class Discard extends Sharable {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ((ByteBuf) msg).release();
        }
    }
}
