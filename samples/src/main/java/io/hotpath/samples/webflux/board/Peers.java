package io.hotpath.samples.webflux.board;

import io.hotpath.samples.webflux.events.EventPort;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

/**
 * Peers of the second port for the board's buttons: blocking sockets of the JDK that write as fast as they may. What they have
 * written stands still while their windows are closed.
 */
@Component
final class Peers implements DisposableBean {
    /** At a time. */
    static final int PEERS_MAX = 16;

    private static final byte[] LINES = "what a peer has to say\n".repeat(1024).getBytes(StandardCharsets.US_ASCII);

    private final EventPort events;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicLong written = new AtomicLong();

    Peers(EventPort events) {
        this.events = events;
    }

    /** How many are connected, and what all there ever were have written. */
    record State(int connected, long bytesWritten) {}

    State state() {
        return new State(sockets.size(), written.get());
    }

    /** Starts {@code count} of them, each with so many bytes to write; false if that would be too many. */
    boolean start(int count, long bytes) throws IOException {
        if (sockets.size() + count > PEERS_MAX) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), events.bound().port());
            sockets.add(socket);
            Thread.ofVirtual().name("peer").start(() -> write(socket, bytes));
        }
        return true;
    }

    private void write(Socket socket, long bytes) {
        try (socket) {
            OutputStream out = socket.getOutputStream();
            for (long rest = bytes; rest > 0; rest -= LINES.length) {
                int piece = (int) Math.min(rest, LINES.length);
                out.write(LINES, 0, piece);
                written.addAndGet(piece);
            }
        } catch (IOException stopped) {
            // by stop(), or the port has closed
        } finally {
            sockets.remove(socket);
        }
    }

    /** Ends all of them. */
    void stop() throws IOException {
        for (Socket each : List.copyOf(sockets)) {
            each.close();
        }
    }

    @Override
    public void destroy() throws IOException {
        stop();
    }
}
