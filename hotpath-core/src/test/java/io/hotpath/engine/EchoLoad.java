package io.hotpath.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Load on an echo server, from a process of its own, with plain sockets: each connection sends a stream whose every byte
 * follows from its place, and checks each byte that comes back. Some connections do not read for a while, so that the server
 * has sends that are stuck. Ends with its input; prints {@code bytes=… connects=… wrong=… dropped=…}.
 */
final class EchoLoad {
    private static final int CHUNK = 16 << 10;
    private static final int STALL_MILLIS = 150;
    private static final int STALL_EVERY = 8;
    private static final int READ_TIMEOUT_MILLIS = 20_000;

    private static final AtomicLong BYTES = new AtomicLong();
    private static final AtomicInteger CONNECTS = new AtomicInteger();
    private static final AtomicInteger WRONG = new AtomicInteger();
    private static final AtomicInteger DROPPED = new AtomicInteger();

    private static volatile boolean stopping;

    private EchoLoad() {}

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[0]);
        int connections = Integer.parseInt(args[1]);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            int index = i;
            threads.add(Thread.ofPlatform().start(() -> stream(port, index)));
        }
        System.out.println("started");
        int connectsPerCommand = Integer.parseInt(args[2]);
        int command = System.in.read();
        while (command == 'c') {
            for (int i = 0; i < connectsPerCommand; i++) {
                exchange(port);
            }
            System.out.println("connects=" + CONNECTS);
            command = System.in.read();
        }
        stopping = true;
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println("bytes=" + BYTES + " connects=" + CONNECTS + " wrong=" + WRONG + " dropped=" + DROPPED);
    }

    private static byte at(int connection, long place) {
        return (byte) (place * 31 + (place >>> 8) * 7 + connection);
    }

    private static void stream(int port, int index) {
        try (Socket socket = new Socket()) {
            if (stalls(index)) {
                socket.setReceiveBufferSize(CHUNK);
            }
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            socket.setSoTimeout(READ_TIMEOUT_MILLIS);
            Thread writer = Thread.ofPlatform().start(() -> write(socket, index));
            read(socket.getInputStream(), index);
            writer.join();
        } catch (IOException | InterruptedException failed) {
            DROPPED.incrementAndGet();
            System.err.println("connection " + index + ": " + failed);
        }
    }

    private static boolean stalls(int index) {
        return index % STALL_EVERY == 0;
    }

    private static void write(Socket socket, int index) {
        byte[] chunk = new byte[CHUNK];
        long place = 0;
        try {
            OutputStream out = socket.getOutputStream();
            while (!stopping) {
                int length = 1 + (int) (((place * 2654435761L) >>> 7) & (CHUNK - 1));
                for (int i = 0; i < length; i++) {
                    chunk[i] = at(index, place + i);
                }
                out.write(chunk, 0, length);
                place += length;
            }
            socket.shutdownOutput();
        } catch (IOException failed) {
            // the reader tells
        }
    }

    private static void read(InputStream in, int index) throws IOException, InterruptedException {
        byte[] chunk = new byte[CHUNK];
        long place = 0;
        long nextStall = 0;
        for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
            for (int i = 0; i < length; i++) {
                if (chunk[i] != at(index, place + i)) {
                    WRONG.incrementAndGet();
                    throw new IOException("byte " + (place + i) + " is wrong");
                }
            }
            place += length;
            BYTES.addAndGet(length);
            if (stalls(index) && place > nextStall && !stopping) {
                nextStall = place + (1 << 20);
                Thread.sleep(STALL_MILLIS);
            }
        }
        if (!stopping) {
            throw new IOException("ended early at byte " + place);
        }
    }

    private static void exchange(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(READ_TIMEOUT_MILLIS);
            socket.getOutputStream().write(CONNECTS.get() & 0x7f);
            if (socket.getInputStream().read() != (CONNECTS.get() & 0x7f)) {
                WRONG.incrementAndGet();
            }
            CONNECTS.incrementAndGet();
        } catch (IOException failed) {
            DROPPED.incrementAndGet();
            System.err.println("connect: " + failed);
        }
    }
}
