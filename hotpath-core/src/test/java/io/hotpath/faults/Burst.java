package io.hotpath.faults;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;

/** Many clients that connect at the same moment, each with one byte that it wants back. */
final class Burst {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long LOOK_MILLIS = 100;

    private Burst() {}

    /** Answers when each of {@code count} clients was served or failed, or after 20 seconds. */
    static Answer connect(InetSocketAddress address, int count) throws IOException {
        int served = 0;
        int failed = 0;
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < count; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.configureBlocking(false);
                channel.connect(address);
                channel.register(selector, SelectionKey.OP_CONNECT);
            }
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            while (served + failed < count && System.nanoTime() - deadline < 0) {
                selector.select(LOOK_MILLIS);
                for (SelectionKey key : selector.selectedKeys()) {
                    try {
                        served += advance(key) ? 1 : 0;
                    } catch (IOException refused) {
                        failed++;
                        key.channel().close();
                    }
                }
                selector.selectedKeys().clear();
            }
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
        }
        return Answer.ok("served", served, "failed", failed);
    }

    /** Whether it has its byte. */
    private static boolean advance(SelectionKey key) throws IOException {
        SocketChannel channel = (SocketChannel) key.channel();
        if (key.isConnectable()) {
            channel.finishConnect();
            channel.write(ByteBuffer.wrap(new byte[]{1}));
            key.interestOps(SelectionKey.OP_READ);
            return false;
        }
        int count = channel.read(ByteBuffer.allocate(2));
        if (count < 0) {
            throw new IOException("ended without an answer");
        }
        if (count > 0) {
            channel.close();
        }
        return count > 0;
    }
}
