package io.hotpath.engine;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients that connect to an echo server again and again: each connection sends a number, wants the same one back, ends its
 * side and wants the end of the other. Whatever else happens to one of them is noted.
 */
final class Callers implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 20_000;

    final AtomicLong served = new AtomicLong();
    final Queue<String> troubles = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final int port;
    private volatile boolean stopping;

    Callers(int count, int port) {
        this.port = port;
        for (int i = 0; i < count; i++) {
            int index = i;
            threads.add(Thread.ofPlatform().name("caller-" + i).start(() -> run(index)));
        }
    }

    private void run(int index) {
        for (int i = 0; !stopping; i++) {
            call((long) index << 32 | i);
        }
    }

    private void call(long number) {
        String step = "connect";
        try (Socket socket = new Socket()) {
            socket.setTcpNoDelay(true);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            step = "send";
            socket.getOutputStream().write(ByteBuffer.allocate(Long.BYTES).putLong(number).array());
            step = "answer";
            byte[] answer = socket.getInputStream().readNBytes(Long.BYTES);
            if (answer.length != Long.BYTES || ByteBuffer.wrap(answer).getLong() != number) {
                troubles.add(step + " has " + answer.length + " bytes or is another's");
                return;
            }
            step = "end";
            socket.shutdownOutput();
            if (socket.getInputStream().read() >= 0) {
                troubles.add("more than was sent");
                return;
            }
            served.incrementAndGet();
        } catch (IOException failed) {
            troubles.add(step + ": " + failed);
        }
    }

    /** Waits until {@code count} more have been served. */
    void awaitMore(int count) {
        long enough = served.get() + count;
        Loops.await("clients are served", () -> served.get() >= enough);
    }

    @Override
    public void close() {
        stop();
    }

    /** Each ends after its present call. Idempotent. */
    void stop() {
        stopping = true;
        for (Thread thread : threads) {
            try {
                thread.join(2L * TIMEOUT_MILLIS);
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        }
    }
}
