package io.hotpath.samples.webflux.events;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;

/** A peer that writes as much as its socket takes and never waits for it, so it knows when its socket takes no more. */
final class Flood implements AutoCloseable {
    private static final int WRITE_BYTES = 64 << 10;
    private static final Duration STEP = Duration.ofMillis(20);

    /** So many refusals in a row that the window is closed, and not only a reader late. */
    private static final int REFUSALS = 50;

    private final SocketChannel channel;
    private final ByteBuffer bytes;
    private long written;

    Flood(int port) throws IOException {
        channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.configureBlocking(false);
        byte[] text = new byte[WRITE_BYTES];
        Arrays.fill(text, (byte) 'x');
        bytes = ByteBuffer.wrap(text);
    }

    /** Writes until the socket takes no more; returns what was written in all. */
    long untilItsWindowIsClosed() throws IOException, InterruptedException {
        int refusals = 0;
        while (refusals < REFUSALS) {
            refusals = write() == 0 ? refusals + 1 : 0;
        }
        return written;
    }

    /** Writes until so much was written in all. */
    long until(long total) throws IOException, InterruptedException {
        while (written < total) {
            write();
        }
        return written;
    }

    private int write() throws IOException, InterruptedException {
        int taken = channel.write(bytes.clear());
        written += taken;
        if (taken == 0) {
            Thread.sleep(STEP);
        }
        return taken;
    }

    /** Writes no more. */
    void end() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
