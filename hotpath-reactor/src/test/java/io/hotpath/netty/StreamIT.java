package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.engine.EngineStats;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Netty's own tests do not ask: who accepts, what a flush and a close owe each other, what a paused channel notices. */
@Timeout(60)
class StreamIT {
    private static final HotpathEventLoopGroup GROUP = new HotpathEventLoopGroup(2, Combos.config());

    private final List<Channel> opened = new ArrayList<>();

    @AfterEach
    void closeAll() {
        opened.removeIf(each -> !each.isOpen());
        opened.forEach(each -> each.close().syncUninterruptibly());
    }

    @AfterAll
    static void endLoops() {
        GROUP.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
        CountedLeaks.assertNone();
    }

    // ---- accept -------------------------------------------------------------------------------------------------

    @Test
    void childStaysOnTheLoopWhoseRingAcceptedIt() throws Exception {
        accepts(new ServerBootstrap().group(GROUP).channel(HotpathServerSocketChannel.class));
    }

    @Test
    void childOfASeparateSelectGroupStaysOnTheLoopWhoseRingAcceptedIt() throws Exception {
        HotpathEventLoopGroup select = new HotpathEventLoopGroup(1, Combos.config());
        accepts(new ServerBootstrap().group(select, GROUP).channelFactory(() -> new HotpathServerSocketChannel(GROUP)));
        closeAll();
        opened.clear();
        select.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    private void accepts(ServerBootstrap bootstrap) throws Exception {
        int count = 1000;
        CountDownLatch echoed = new CountDownLatch(count);
        AtomicInteger elsewhere = new AtomicInteger();
        Map<Object, AtomicInteger> byLoop = new ConcurrentHashMap<>();
        Channel server = serve(bootstrap, new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                HotpathSocketChannel child = (HotpathSocketChannel) ctx.channel();
                boolean home = child.acceptedBy() == child.handler()
                        && child.connection().engine() == child.handler().engine()
                        && child.eventLoop() == child.handler().loop();
                elsewhere.addAndGet(home ? 0 : 1);
                byLoop.computeIfAbsent(child.eventLoop(), _ -> new AtomicInteger()).incrementAndGet();
                ctx.close();
                echoed.countDown();
            }
        });
        for (int i = 0; i < count; i++) {
            new Socket(InetAddress.getLoopbackAddress(), port(server)).close();
        }
        assertThat(echoed.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(elsewhere).hasValue(0);
        assertThat(byLoop).hasSize(2);
        assertThat(((HotpathServerSocketChannel) server).shards()).isEqualTo(2);
    }

    @Test
    void childOfAnotherGroupMovesToItsLoop() throws Exception {
        HotpathEventLoopGroup select = new HotpathEventLoopGroup(1, Combos.config());
        Channel server = serve(
                new ServerBootstrap().group(select, GROUP).channel(HotpathServerSocketChannel.class), new Echo());
        for (int i = 0; i < 50; i++) {
            assertThat(roundTrip(server, 3)).isEqualTo(3);
        }
        closeAll();
        opened.clear();
        select.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    @Test
    void boundPortIsRefusedInTheWordsThatUsersLookForAndFreeAfterClose() throws Exception {
        Channel first = serve(server(), new Echo());
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port(first));
        assertThatThrownBy(() -> server().childHandler(new Echo()).bind(address).sync())
                .isInstanceOf(BindException.class)
                .hasMessageContaining("Address already in use");
        first.close().sync();
        opened.add(server().childHandler(new Echo()).bind(address).sync().channel());
    }

    @Test
    void wildcardServesIPv4AndIPv6() throws Exception {
        Channel server = server().childHandler(new Echo()).bind(0).sync().channel();
        opened.add(server);
        for (String host : List.of("127.0.0.1", "::1")) {
            try (Socket socket = new Socket(host, port(server))) {
                socket.getOutputStream().write(7);
                assertThat(socket.getInputStream().read()).isEqualTo(7);
            }
        }
    }

    @Test
    void refusedChildIsClosedBeforeItIsRegistered() throws Exception {
        Channel server = new ServerBootstrap().group(GROUP).channel(HotpathServerSocketChannel.class)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object child) {
                        ((Channel) child).unsafe().closeForcibly();
                    }
                })
                .childHandler(new Echo()).bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        opened.add(server);
        for (int i = 0; i < 20; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
            }
        }
    }

    // ---- write --------------------------------------------------------------------------------------------------

    @Test
    void writeAndFlushThenCloseDelivers() throws Exception {
        int rounds = 1000;
        int bytes = 3000;
        Channel server = serve(server(), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.write(ctx.alloc().directBuffer().writeZero(bytes / 2));
                ctx.writeAndFlush(ctx.alloc().heapBuffer().writeZero(bytes / 2));
                ctx.close();
            }
        });
        for (int i = 0; i < rounds; i++) {
            assertThat(readAll(server)).as("round " + i).isEqualTo(bytes);
        }
    }

    @Test
    void flushThenShutdownOutputDelivers() throws Exception {
        int bytes = 3000;
        BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
        Channel server = serve(server(), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.writeAndFlush(ctx.alloc().directBuffer().writeZero(bytes));
                ((DuplexChannel) ctx.channel()).shutdownOutput().addListener(done -> {
                    if (done.cause() != null) {
                        failures.add(done.cause());
                    }
                });
            }
        });
        for (int i = 0; i < 1000; i++) {
            assertThat(readAll(server)).as("round " + i).isEqualTo(bytes);
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void promisesCompleteInOrderWhoeverFlushes() throws Exception {
        Channel server = serve(server(), new Discard());
        Channel client = connect(server, new ChannelInboundHandlerAdapter());
        BlockingQueue<Integer> order = new LinkedBlockingQueue<>();
        for (int i = 0; i < 2000; i++) {
            int number = i;
            ChannelFuture written = i % 3 == 0
                    ? client.write(Unpooled.EMPTY_BUFFER)
                    : client.write(client.alloc().directBuffer().writeZero(i % 700));
            written.addListener(_ -> order.add(number));
            if (i % 17 == 0) {
                client.flush();
            }
        }
        client.flush();
        for (int i = 0; i < 2000; i++) {
            assertThat(order.poll(10, TimeUnit.SECONDS)).isEqualTo(i);
        }
    }

    @Test
    void writesThatWaitForEachOtherGoOutInOneSend() throws Exception {
        int count = 16;
        Channel server = serve(server(), new Sharable() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                ((ByteBuf) msg).release();
                answer(ctx, count);
            }

            private void answer(ChannelHandlerContext ctx, int left) {
                if (left > 0) {
                    ctx.writeAndFlush(ctx.alloc().directBuffer().writeZero(100))
                            .addListener(_ -> ctx.executor().execute(() -> answer(ctx, left - 1)));
                }
            }
        });
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            long before = sends();
            int rounds = 20;
            for (int i = 0; i < rounds; i++) {
                socket.getOutputStream().write(1);
                assertThat(socket.getInputStream().readNBytes(count * 100)).hasSize(count * 100);
            }
            await(() -> sends() - before >= rounds);
            assertThat(sends() - before).isEqualTo(rounds);
        }
    }

    private static long sends() {
        return GROUP.stats().stream().mapToLong(EngineStats::sends).sum();
    }

    @Test
    void smallAndLargeMessagesStayInOrderWhereverTheyAreWritten() throws Exception {
        SplittableRandom random = new SplittableRandom(5);
        byte[] content = new byte[3 << 20];
        random.nextBytes(content);
        Channel server = serve(server(), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                write(ctx, 0);
            }

            // Each message is written by the listener of one before it, or behind it; the last closes.
            private void write(ChannelHandlerContext ctx, int from) {
                int at = from;
                ChannelFuture last = null;
                for (int i = random.nextInt(1, 5); i > 0 && at < content.length; i--) {
                    int size = random.nextInt(4) > 0 ? random.nextInt(600) : random.nextInt(40_000);
                    int count = Math.min(size, content.length - at);
                    last = ctx.write(ctx.alloc().buffer().writeBytes(content, at, count));
                    at += count;
                }
                int next = at;
                if (last != null) {
                    last.addListener(random.nextBoolean() ? _ -> write(ctx, next)
                            : _ -> ctx.executor().execute(() -> write(ctx, next)));
                    ctx.flush();
                } else {
                    ctx.close();
                }
            }
        });
        for (int i = 0; i < 10; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
                assertThat(socket.getInputStream().readAllBytes()).as("round " + i).isEqualTo(content);
            }
        }
    }

    @Test
    void whatIsFlushedBehindAWriteWhoseListenerClosesIsDelivered() throws Exception {
        for (boolean close : new boolean[]{true, false}) {
            BlockingQueue<Boolean> ended = new LinkedBlockingQueue<>();
            Channel server = serve(server(), new Sharable() {
                @Override
                public void channelActive(ChannelHandlerContext ctx) {
                    ctx.write(ctx.alloc().directBuffer().writeZero(100)).addListener(_ -> end(ctx.channel()));
                    ctx.write(ctx.alloc().directBuffer().writeZero(200));
                    ctx.write(ctx.alloc().directBuffer().writeZero(20_000));
                    ctx.flush();
                }

                private void end(Channel channel) {
                    ChannelFuture done = close ? channel.close() : ((DuplexChannel) channel).shutdownOutput();
                    done.addListener(future -> ended.add(future.isSuccess()));
                }
            });
            for (int i = 0; i < 50; i++) {
                assertThat(readAll(server)).isEqualTo(20_300);
                assertThat(ended.poll(5, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    @Test
    void aMessageThatIsReleasedBeforeItIsFlushedClosesItsChannel() throws Exception {
        Channel server = serve(server(), new Discard());
        Channel client = connect(server, new ChannelInboundHandlerAdapter());
        client.eventLoop().submit(() -> {
            ByteBuf message = client.alloc().directBuffer().writeZero(100);
            client.write(message);
            message.release();
            client.flush();
        }).sync();
        assertThat(client.closeFuture().await(5, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aPeerThatDoesNotReadMakesSmallWritesWait() throws Exception {
        CompletableFuture<Channel> child = new CompletableFuture<>();
        Channel server = serve(server(), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                child.complete(ctx.channel());
            }
        });
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            Channel channel = child.get(5, TimeUnit.SECONDS);
            List<ChannelFuture> written = new ArrayList<>();
            while (channel.isWritable()) {
                written.add(channel.writeAndFlush(Unpooled.directBuffer().writeZero(1000)));
            }
            assertThat(written.getLast().isDone()).isFalse();
            socket.getInputStream().readNBytes(written.size() * 1000);
            for (ChannelFuture each : written) {
                assertThat(each.await(5, TimeUnit.SECONDS) && each.isSuccess()).isTrue();
            }
        }
    }

    @Test
    void muchGoesOutWhileTheLoopWorksOn() throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        BlockingQueue<Boolean> before = new LinkedBlockingQueue<>();
        Channel server = serve(server(), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) throws InterruptedException {
                ctx.writeAndFlush(ctx.alloc().directBuffer().writeZero(2 << 20));
                before.add(arrived.await(5, TimeUnit.SECONDS)); // a handler that computes
            }
        });
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            assertThat(socket.getInputStream().read()).isZero();
            arrived.countDown();
            assertThat(before.poll(5, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void cancelledWriteIsSkipped() throws Exception {
        Channel server = serve(server(), new Echo());
        CompletableFuture<Integer> sum = new CompletableFuture<>();
        Channel client = connect(server, new SimpleChannelInboundHandler<ByteBuf>() {
            private int got;

            @Override
            protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
                got += bytes.readableBytes();
                if (got == 30) {
                    sum.complete(got);
                }
            }
        });
        client.eventLoop().submit(() -> {
            List<Future<?>> written = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                written.add(client.write(client.alloc().directBuffer().writeZero(10)));
            }
            written.get(0).cancel(false);
            written.get(3).cancel(false);
            client.flush();
        }).sync();
        assertThat(sum.get(10, TimeUnit.SECONDS)).isEqualTo(30);
    }

    @Test
    void closeOfAPeerThatDoesNotReadEnds() throws Exception {
        Channel[] child = new Channel[1];
        CountDownLatch active = new CountDownLatch(1);
        HotpathEventLoopGroup impatient = new HotpathEventLoopGroup(
                1, Combos.config().withCloseTimeout(java.time.Duration.ofMillis(300), java.time.Duration.ofSeconds(1)));
        Channel server = serve(
                new ServerBootstrap().group(impatient).channel(HotpathServerSocketChannel.class), new Sharable() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        child[0] = ctx.channel();
                        active.countDown();
                    }
                });
        try (Socket deaf = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            assertThat(active.await(5, TimeUnit.SECONDS)).isTrue();
            ChannelFuture stuck = child[0].writeAndFlush(Unpooled.directBuffer().writeZero(64 << 20));
            assertThat(child[0].isWritable()).isFalse();
            assertThat(child[0].close().await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(stuck.await(5, TimeUnit.SECONDS)).isTrue();
            assertThat(stuck.cause()).isInstanceOf(IOException.class);
            assertThat(deaf.isClosed()).isFalse();
        }
        server.close().sync();
        impatient.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    @Test
    void fileRegionArrivesAndAClientThatLeavesMidwayEndsIt(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("large");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(3L << 30);
        }
        BlockingQueue<Future<? super Void>> written = new LinkedBlockingQueue<>();
        Channel server = serve(server(), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                DefaultFileRegion region = new DefaultFileRegion(file.toFile(), 0, 3L << 30);
                ctx.writeAndFlush(region).addListener(written::add);
            }
        });
        try (Socket leaving = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            assertThat(leaving.getInputStream().readNBytes(1 << 20)).hasSize(1 << 20);
        }
        Future<?> ended = written.poll(10, TimeUnit.SECONDS);
        assertThat(ended).isNotNull();
        assertThat(ended.cause()).isInstanceOf(IOException.class);
        Files.delete(file);
    }

    // ---- read ---------------------------------------------------------------------------------------------------

    @Test
    void pausedChannelNoticesThatItsPeerLeft() throws Exception {
        for (boolean reset : List.of(true, false)) {
            CountDownLatch gone = new CountDownLatch(1);
            Channel server = serve(server().childOption(ChannelOption.AUTO_READ, false), new Sharable() {
                @Override
                public void channelInactive(ChannelHandlerContext ctx) {
                    gone.countDown();
                }

                @Override
                public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    assertThat(cause).hasMessage("Connection reset by peer");
                }
            });
            Socket peer = new Socket(InetAddress.getLoopbackAddress(), port(server));
            if (reset) {
                peer.setSoLinger(true, 0);
            }
            peer.close();
            assertThat(gone.await(1, TimeUnit.SECONDS)).as("reset " + reset).isTrue();
        }
    }

    @Test
    void togglingAutoReadSubmitsNothing() throws Exception {
        CompletableFuture<HotpathSocketChannel> child = new CompletableFuture<>();
        Channel server = serve(server(), new Echo() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                child.complete((HotpathSocketChannel) ctx.channel());
            }

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                ctx.channel().config().setAutoRead(false);
                super.channelRead(ctx, msg);
                ctx.channel().config().setAutoRead(true);
            }
        });
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            byte[] request = new byte[600];
            for (int i = 0; i < 10; i++) {
                exchange(socket, request);
            }
            HotpathSocketChannel channel = child.get();
            long armed = armed(channel);
            for (int i = 0; i < 10_000; i++) {
                exchange(socket, request);
            }
            assertThat(armed(channel) - armed).isZero();
        }
    }

    private static long armed(HotpathSocketChannel channel) throws Exception {
        return channel.eventLoop().submit(() -> channel.handler().engine().stats().rearms()).get();
    }

    @Test
    void wholeMessageIsHeldOnATinyRing() throws Exception {
        int bytes = 10 << 20;
        HotpathEventLoopGroup tiny = new HotpathEventLoopGroup(1, Combos.config().withBuffers(16, 1024));
        CompletableFuture<Integer> joined = new CompletableFuture<>();
        Channel server = serve(
                new ServerBootstrap().group(tiny).channel(HotpathServerSocketChannel.class), new Sharable() {
                    private final List<ByteBuf> held = new ArrayList<>();
                    private int sum;

                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        held.add((ByteBuf) msg);
                        sum += ((ByteBuf) msg).readableBytes();
                        if (sum == bytes) {
                            held.forEach(ByteBuf::release);
                            joined.complete(sum);
                        }
                    }
                });
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            socket.getOutputStream().write(new byte[bytes]);
            assertThat(joined.get(20, TimeUnit.SECONDS)).isEqualTo(bytes);
        }
        server.close().sync();
        tiny.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    @Test
    void largeReadsAreLentAsLongAsBuffersArePlentifulAndReleasedFromAnyThread() throws Exception {
        HotpathEventLoopGroup group = new HotpathEventLoopGroup(1, Combos.config().withBuffers(64, 8192));
        BlockingQueue<ByteBuf> kept = new LinkedBlockingQueue<>();
        Channel server = serve(
                new ServerBootstrap().group(group).channel(HotpathServerSocketChannel.class), new Sharable() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        kept.add((ByteBuf) msg);
                        ctx.channel().writeAndFlush(Unpooled.directBuffer().writeByte(1));
                    }
                });
        byte[] content = new byte[8192];
        SplittableRandom random = new SplittableRandom(6);
        List<byte[]> expected = new ArrayList<>();
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            random.nextBytes(content);
            expected.add(content.clone());
            Socket client = new Socket(InetAddress.getLoopbackAddress(), port(server));
            clients.add(client);
            assertThat(exchange(client, content, 1)).isEqualTo(1);
        }
        int lent = 0;
        for (byte[] each : expected) {
            ByteBuf bytes = kept.take();
            while (bytes.readableBytes() < each.length) {
                bytes = Unpooled.wrappedBuffer(bytes, kept.take()); // came in two
            }
            byte[] got = new byte[each.length];
            bytes.getBytes(0, got);
            assertThat(got).isEqualTo(each);
            lent += bytes instanceof LentBuffer ? 1 : 0;
            ByteBuf done = bytes;
            Thread.ofPlatform().start(done::release).join();
        }
        assertThat(lent).isBetween(1, 64 / 2);
        await(() -> group.stats().getFirst().applicationBuffers() == 0);
        for (Socket client : clients) {
            client.close();
        }
        server.close().sync();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    @Test
    void lentBufferGrowsIntoMemoryOfItsOwnAndGoesBackOnce() throws Exception {
        HotpathEventLoopGroup group = new HotpathEventLoopGroup(1, Combos.config().withBuffers(64, 8192));
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        Channel server = serve(
                new ServerBootstrap().group(group).channel(HotpathServerSocketChannel.class), new Sharable() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        ByteBuf bytes = (ByteBuf) msg;
                        seen.add(bytes instanceof LentBuffer ? bytes.maxCapacity() - bytes.readableBytes()
                                : bytes.getClass());
                        bytes.capacity(100); // moves what is left
                        seen.add(bytes.toString(StandardCharsets.US_ASCII));
                        bytes.release();
                        seen.add(bytes.refCnt());
                    }
                });
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            client.getOutputStream().write("01234567".repeat(1024).getBytes(StandardCharsets.US_ASCII));
            assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo(0);
            assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo("01234567".repeat(100).substring(0, 100));
            assertThat(seen.poll(5, TimeUnit.SECONDS)).isEqualTo(0);
        }
        await(() -> group.stats().getFirst().applicationBuffers() == 0);
        server.close().sync();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    @Test
    void serverWithoutAutoReadAcceptsWhenAsked() throws Exception {
        AtomicInteger accepted = new AtomicInteger();
        Channel server = serve(server().option(ChannelOption.AUTO_READ, false), new Sharable() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                accepted.incrementAndGet();
            }
        });
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sockets.add(new Socket(InetAddress.getLoopbackAddress(), port(server)));
        }
        server.config().setAutoRead(true);
        await(() -> accepted.get() == 20);
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    // ---- connect and options ------------------------------------------------------------------------------------

    @Test
    void connectsFromALocalAddressWithTheOptionsOfOtherTransports() throws Exception {
        Channel server = serve(server(), new Echo());
        Channel client = new Bootstrap().group(GROUP).channel(HotpathSocketChannel.class)
                .option(NioChannelOption.of(StandardSocketOptions.SO_KEEPALIVE), true)
                .option(ChannelOption.valueOf("io.netty.channel.epoll.EpollChannelOption#TCP_KEEPIDLE"), 77)
                .option(ChannelOption.TCP_NODELAY, false)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(server.localAddress(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync().channel();
        opened.add(client);
        assertThat(client.config().<Object>getOption(ChannelOption.valueOf("TCP_KEEPIDLE"))).isEqualTo(77);
        assertThat(client.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
        assertThat(client.config().getOption(ChannelOption.TCP_NODELAY)).isFalse();
        assertThat(((InetSocketAddress) client.localAddress()).getAddress().isLoopbackAddress()).isTrue();
        assertThat(client.remoteAddress()).isEqualTo(server.localAddress());
    }

    @Test
    void loopThreadsMayNotBlock() throws Exception {
        assertThat(GROUP.next().submit(() -> Thread.currentThread()).get())
                .isInstanceOf(reactor.core.scheduler.NonBlocking.class)
                .isInstanceOf(io.netty.util.concurrent.FastThreadLocalThread.class);
    }

    @Test
    void endOfTheLoopsClosesTheirChannels() throws Exception {
        HotpathEventLoopGroup brief = new HotpathEventLoopGroup(2, Combos.config());
        Channel server =
                serve(new ServerBootstrap().group(brief).channel(HotpathServerSocketChannel.class), new Echo());
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            exchange(socket, new byte[10]);
            brief.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
            assertThat(server.closeFuture().isDone()).isTrue();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    // ---- help ---------------------------------------------------------------------------------------------------

    private static ServerBootstrap server() {
        return new ServerBootstrap().group(GROUP).channel(HotpathServerSocketChannel.class);
    }

    private Channel serve(ServerBootstrap bootstrap, ChannelHandler child) throws Exception {
        Channel server = bootstrap.childHandler(child).bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        opened.add(server);
        return server;
    }

    private Channel connect(Channel server, ChannelHandler handler) throws Exception {
        EventLoopGroup group = GROUP;
        Channel client = new Bootstrap().group(group).channel(HotpathSocketChannel.class).handler(handler)
                .connect(server.localAddress()).sync().channel();
        opened.add(client);
        return client;
    }

    private static int port(Channel server) {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    private static int roundTrip(Channel server, int bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server))) {
            return exchange(socket, new byte[bytes]);
        }
    }

    private static int exchange(Socket socket, byte[] request) throws IOException {
        return exchange(socket, request, request.length);
    }

    private static int exchange(Socket socket, byte[] request, int answer) throws IOException {
        socket.getOutputStream().write(request);
        return socket.getInputStream().readNBytes(answer).length;
    }

    private static int readAll(Channel server) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(server));
                InputStream in = socket.getInputStream()) {
            return in.readAllBytes().length;
        }
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).isNegative();
            Thread.onSpinWait();
        }
    }

    /** Serves any number of channels. */
    private static class Sharable extends ChannelInboundHandlerAdapter {
        @Override
        public boolean isSharable() {
            return true;
        }
    }

    private static class Echo extends Sharable {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ctx.write(msg);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }

    private static final class Discard extends Sharable {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ((ByteBuf) msg).release();
        }
    }
}
