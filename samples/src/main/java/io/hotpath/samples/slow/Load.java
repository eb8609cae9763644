package io.hotpath.samples.slow;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;

/** One thread that sends 64 bytes on each connection, waits for them to come back, and takes the time; closed loop. */
final class Load {
    /** Who is slow on the last connection. */
    enum Slow {
        /** Nobody: it is idle. */
        NONE,
        /** The peer: it writes as fast as it may, and reads nothing. */
        PEER,
        /** The handler: it takes a buffer now and then from a peer that writes as fast as it may. */
        HANDLER
    }

    private static final int MESSAGE_BYTES = 64;
    private static final int SAMPLES_MAX = 20_000_000;

    private final InetSocketAddress server;
    private final int connections;
    private final Slow slow;
    private long[] nanos = new long[1 << 16];
    private int samples;

    Load(int port, int connections, Slow slow) {
        server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        this.connections = connections;
        this.slow = slow;
    }

    /**
     * What was measured in the last two thirds of {@code time}.
     *
     * @param p50Nanos half of the messages were as fast
     * @param p99Nanos 99 of 100
     */
    record Result(long messages, long p50Nanos, long p99Nanos, long maxNanos) {
        @Override
        public String toString() {
            return "messages=" + messages + " p50_us=" + p50Nanos / 1000 + " p99_us=" + p99Nanos / 1000 + " max_us="
                    + maxNanos / 1000;
        }
    }

    /** One connection's message on its way. */
    private static final class Call {
        final ByteBuffer bytes = ByteBuffer.allocateDirect(MESSAGE_BYTES);
        long sentNanos;

        void send(SocketChannel channel) throws IOException {
            bytes.clear();
            sentNanos = System.nanoTime();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            bytes.clear();
        }
    }

    Result run(Duration time) throws IOException {
        long start = System.nanoTime();
        long warm = start + time.toNanos() / 3;
        long end = start + time.toNanos();
        try (Selector selector = Selector.open(); Socket last = new Socket(server.getAddress(), server.getPort())) {
            if (slow != Slow.NONE) {
                Thread.ofPlatform().daemon().start(() -> flood(last));
            }
            for (int i = 1; i < connections; i++) {
                SocketChannel channel = SocketChannel.open(server);
                channel.configureBlocking(false);
                Call call = new Call();
                channel.register(selector, SelectionKey.OP_READ, call);
                call.send(channel);
            }
            for (long now = start; now - end < 0; now = System.nanoTime()) {
                boolean counts = now - warm > 0;
                selector.select(key -> completed(key, counts), 100);
            }
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
        }
        return result();
    }

    private void completed(SelectionKey key, boolean counts) {
        SocketChannel channel = (SocketChannel) key.channel();
        Call call = (Call) key.attachment();
        try {
            if (channel.read(call.bytes) < 0) {
                throw new IOException("the server closed " + channel);
            }
            if (!call.bytes.hasRemaining()) {
                if (counts && samples < SAMPLES_MAX) {
                    add(System.nanoTime() - call.sentNanos);
                }
                call.send(channel);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private void add(long latency) {
        if (samples == nanos.length) {
            nanos = Arrays.copyOf(nanos, 2 * samples);
        }
        nanos[samples++] = latency;
    }

    private void flood(Socket socket) {
        byte[] bytes = new byte[64 << 10];
        bytes[0] = slow == Slow.HANDLER ? LatencyMain.SLOW : 0;
        try {
            while (true) {
                socket.getOutputStream().write(bytes);
            }
        } catch (IOException over) {
            // the end of the measurement
        }
    }

    private Result result() {
        long[] sorted = Arrays.copyOf(nanos, samples);
        Arrays.sort(sorted);
        if (samples == 0) {
            throw new IllegalStateException("nothing came back");
        }
        return new Result(samples, sorted[samples / 2], sorted[(int) (samples * 0.99)], sorted[samples - 1]);
    }
}
