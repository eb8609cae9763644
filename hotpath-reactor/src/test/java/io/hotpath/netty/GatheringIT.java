package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a turn brings in full buffers is one read. */
@Timeout(60)
class GatheringIT {
    private static final int BYTES = 64 << 10;
    private static final int READ_MAX = 32 << 10;

    private final HotpathEventLoopGroup group =
            new HotpathEventLoopGroup(1, Combos.config().withBuffers(512, 8 << 10));
    private final BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    private final List<Socket> sockets = new ArrayList<>();
    private final byte[] content = new byte[BYTES];

    @AfterEach
    void everyBufferIsHome() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (group.stats().getFirst().applicationBuffers() != 0 && System.nanoTime() < end) {
            group.next().submit(() -> {}).sync(); // a turn
        }
        assertThat(group.stats().getFirst().applicationBuffers()).isZero();
        for (Socket socket : sockets) {
            socket.close();
        }
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
        CountedLeaks.assertNone();
    }

    @Test
    void whatComesAtOnceIsReadInTheSizesOfTheChannelsAllocator() throws Exception {
        receiveAtOnce(new Collector(), UnpooledByteBufAllocator.DEFAULT, 1);
        int longest = 0;
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        while (got.size() < BYTES) {
            Read read = nextRead();
            longest = Math.max(longest, read.bytes().length);
            got.writeBytes(read.bytes());
        }
        assertThat(got.toByteArray()).isEqualTo(content);
        assertThat(longest).isBetween((8 << 10) + 1, READ_MAX);
    }

    @Test
    void channelsThatReceiveInOneTurnKeepTheirBytesApart() throws Exception {
        receiveAtOnce(new Collector(), UnpooledByteBufAllocator.DEFAULT, 4);
        Map<Channel, ByteArrayOutputStream> got = new HashMap<>();
        for (int left = 4 * BYTES; left > 0;) {
            Read read = nextRead();
            got.computeIfAbsent(read.channel(), _ -> new ByteArrayOutputStream()).writeBytes(read.bytes());
            left -= read.bytes().length;
        }
        assertThat(got).hasSize(4);
        assertThat(got.values()).allSatisfy(bytes -> assertThat(bytes.toByteArray()).isEqualTo(content));
    }

    private Read nextRead() throws InterruptedException {
        return (Read) Objects.requireNonNull(events.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void channelThatPausesInAReadHasNoOtherBehindIt() throws Exception {
        receiveAtOnce(new Collector() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                ctx.channel().config().setAutoRead(false);
                super.channelRead(ctx, msg);
            }
        }, UnpooledByteBufAllocator.DEFAULT, 1);
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        while (got.size() < BYTES) {
            Read read = nextRead();
            for (int i = 0; i < 10; i++) {
                group.next().submit(() -> {}).sync(); // turns
            }
            assertThat(events).isEmpty();
            got.writeBytes(read.bytes());
            read.channel().config().setAutoRead(true);
        }
        assertThat(got.toByteArray()).isEqualTo(content);
    }

    @Test
    void buffersOfAChannelThatClosesInTheReadBeforeGoBack() throws Exception {
        receiveAtOnce(new Collector() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                ctx.close();
                super.channelRead(ctx, msg);
            }
        }, UnpooledByteBufAllocator.DEFAULT, 1);
        assertThat(nextRead().bytes()).isNotEmpty();
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("inactive");
        assertThat(events).isEmpty();
    }

    @Test
    void buffersThatAnAllocatorHasNoMemoryForGoBackAndTheChannelCloses() throws Exception {
        receiveAtOnce(new Collector(), new PooledByteBufAllocator(true) {
            @Override
            public ByteBuf ioBuffer(int initialCapacity) {
                throw new OutOfMemoryError("as asked for");
            }
        }, 1);
        assertThat(events.poll(10, TimeUnit.SECONDS)).asString().contains("as asked for");
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("inactive");
    }

    @Test
    @SuppressWarnings("deprecation") // what an allocator makes is only called that
    void channelWhoseSizesFailClosesAndTheOthersOfItsTurnReadOn() throws Exception {
        AtomicInteger made = new AtomicInteger();
        RecvByteBufAllocator sizes = () -> {
            var handle = new FixedRecvByteBufAllocator(READ_MAX).newHandle();
            return made.getAndIncrement() > 0 ? handle : new RecvByteBufAllocator.DelegatingHandle(handle) {
                @Override
                public void readComplete() {
                    throw new IllegalStateException("as asked for");
                }
            };
        };
        receiveAtOnce(new Collector(), UnpooledByteBufAllocator.DEFAULT, sizes, 2);
        Map<Channel, ByteArrayOutputStream> got = new HashMap<>();
        List<Object> others = new ArrayList<>();
        while (others.size() < 2 || got.values().stream().noneMatch(bytes -> bytes.size() == BYTES)) {
            Object event = Objects.requireNonNull(events.poll(10, TimeUnit.SECONDS));
            if (event instanceof Read read) {
                got.computeIfAbsent(read.channel(), _ -> new ByteArrayOutputStream()).writeBytes(read.bytes());
            } else {
                others.add(event);
            }
        }
        assertThat(got.values()).anySatisfy(bytes -> assertThat(bytes.toByteArray()).isEqualTo(content));
        assertThat(others.getFirst()).asString().contains("as asked for");
        assertThat(others.getLast()).isEqualTo("inactive");
    }

    /** {@code clients} each send everything while the loop does something else. */
    private void receiveAtOnce(Collector child, ByteBufAllocator allocator, int clients) throws Exception {
        receiveAtOnce(child, allocator, new FixedRecvByteBufAllocator(READ_MAX), clients);
    }

    private void receiveAtOnce(Collector child, ByteBufAllocator allocator, RecvByteBufAllocator sizes, int clients)
            throws Exception {
        new SplittableRandom(7).nextBytes(content);
        Channel server = new ServerBootstrap().group(group).channel(HotpathServerSocketChannel.class)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, sizes)
                .childOption(ChannelOption.ALLOCATOR, allocator)
                .childHandler(child)
                .bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        int port = ((InetSocketAddress) server.localAddress()).getPort();
        for (int i = 0; i < clients; i++) {
            sockets.add(new Socket(InetAddress.getLoopbackAddress(), port));
            assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("active");
        }
        CountDownLatch sent = new CountDownLatch(1);
        group.next().execute(() -> {
            try {
                sent.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        });
        for (Socket socket : sockets) {
            socket.getOutputStream().write(content);
        }
        sent.countDown();
    }

    private record Read(Channel channel, ByteBuf copy) {
        byte[] bytes() {
            return ByteBufUtil.getBytes(copy);
        }
    }

    /** Says what happens to its channels. */
    @Sharable
    private class Collector extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            events.add("active");
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            events.add(new Read(ctx.channel(), Unpooled.copiedBuffer((ByteBuf) msg)));
            ((ByteBuf) msg).release();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            events.add("inactive");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            events.add(cause);
        }
    }
}
