package io.hotpath.faults;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Random;
import java.util.zip.CRC32C;

/** A client of an echo on blocking sockets, nothing of ours, that checks every byte. */
final class ChecksumClient {
    private static final int TIMEOUT_MILLIS = 20_000;
    private static final int CHUNK_BYTES_MAX = 20_000;

    private ChecksumClient() {}

    /**
     * Sends {@code bytes} in pieces of random size while reading them back, then ends its side and expects the other end.
     *
     * @throws AssertionError if anything else came back
     */
    static void echo(int port, long bytes, long seed) {
        echo(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), bytes, seed);
    }

    static void echo(InetSocketAddress address, long bytes, long seed) {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            CRC32C sent = new CRC32C();
            Thread writer = Thread.ofPlatform().name("checksum-writer").start(() -> write(socket, bytes, seed, sent));
            CRC32C received = new CRC32C();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] buffer = new byte[CHUNK_BYTES_MAX];
            long count = 0;
            int n = in.read(buffer);
            while (n > 0) {
                received.update(buffer, 0, n);
                count += n;
                n = in.read(buffer);
            }
            writer.join();
            if (count != bytes || received.getValue() != sent.getValue()) {
                throw new AssertionError("sent " + bytes + " bytes, got " + count + " back, checksum "
                        + (received.getValue() == sent.getValue() ? "right" : "wrong") + ", seed " + seed);
            }
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError("seed " + seed, failed);
        }
    }

    private static void write(Socket socket, long bytes, long seed, CRC32C sent) {
        Random random = new Random(seed);
        byte[] buffer = new byte[CHUNK_BYTES_MAX];
        try {
            OutputStream out = socket.getOutputStream();
            long left = bytes;
            while (left > 0) {
                int n = (int) Math.min(left, 1 + random.nextInt(CHUNK_BYTES_MAX));
                random.nextBytes(buffer);
                out.write(buffer, 0, n);
                sent.update(buffer, 0, n);
                left -= n;
            }
            socket.shutdownOutput();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
