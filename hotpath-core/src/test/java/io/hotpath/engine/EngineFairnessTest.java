package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers that send and never read cannot keep a normal client from being served. */
class EngineFairnessTest {
    private static final int GREEDY = 64;
    private static final long DURATION_NANOS = TimeUnit.SECONDS.toNanos(3);

    @ParameterizedTest
    @ValueSource(ints = {4, 512})
    void aNormalClientIsServedWithinASecondBeside64ThatSendAndNeverRead(int buffers) throws IOException {
        EngineConfig config = EngineConfig.DEFAULT.withBuffers(buffers, EngineConfig.DEFAULT.bufferBytes());
        try (Looped looped = new Looped(config, Looped.echo());
                Socket client = looped.connect();
                Greedy greedy = new Greedy(looped)) {
            client.setSoTimeout(1_000); // the promise: an answer within a second
            OutputStream out = client.getOutputStream();
            InputStream in = client.getInputStream();
            byte[] bytes = new byte[64];
            long begin = System.nanoTime();
            long slowest = 0;
            int roundTrips = 0;
            while (System.nanoTime() - begin < DURATION_NANOS) {
                long asked = System.nanoTime();
                bytes[roundTrips % 64]++;
                out.write(bytes);
                assertThat(in.readNBytes(64)).isEqualTo(bytes);
                slowest = Math.max(slowest, System.nanoTime() - asked);
                roundTrips++;
            }
            assertThat(slowest).as("slowest round trip").isLessThan(TimeUnit.SECONDS.toNanos(1));
            assertThat(roundTrips).isGreaterThan(100);
            greedy.assertSent();
            assertThat(looped.engine().stats().connections()).isEqualTo(GREEDY + 1);
        }
    }

    /** 64 connections that are written to as fast as they take it, by one thread. */
    private static final class Greedy implements AutoCloseable {
        private final Selector selector = Selector.open();
        private final List<SocketChannel> channels = new ArrayList<>();
        private final AtomicBoolean stop = new AtomicBoolean();
        private final AtomicLong sent = new AtomicLong();
        private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        private final Thread thread;

        Greedy(Looped looped) throws IOException {
            for (int i = 0; i < GREEDY; i++) {
                SocketChannel channel = SocketChannel.open(looped.address());
                channel.configureBlocking(false);
                channel.register(selector, SelectionKey.OP_WRITE);
                channels.add(channel);
            }
            thread = Thread.ofPlatform().name("greedy").daemon(true).start(this::send);
        }

        private void send() {
            ByteBuffer bytes = ByteBuffer.allocateDirect(64 << 10);
            try {
                while (!stop.get()) {
                    selector.select(key -> write((SocketChannel) key.channel(), bytes), 100);
                }
            } catch (IOException failed) {
                failure.set(failed);
            }
        }

        private void write(SocketChannel channel, ByteBuffer bytes) {
            try {
                sent.addAndGet(channel.write(bytes.clear()));
            } catch (IOException failed) {
                failure.set(failed);
            }
        }

        void assertSent() {
            assertThat(failure.get()).isNull();
            assertThat(sent.get()).isGreaterThan((GREEDY * 64L) << 10);
        }

        @Override
        public void close() throws IOException {
            stop.set(true);
            selector.wakeup();
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
            for (SocketChannel channel : channels) {
                channel.close();
            }
            selector.close();
        }
    }
}
