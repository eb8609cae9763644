package io.hotpath.samples.slow;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

/** A blocking JDK socket that writes as fast as it may, and a look at it now and then. */
final class FastPeer {
    private static final int WRITE_BYTES = 64 << 10;
    private static final long LOOK_MILLIS = 100;

    /** The writer's; the watcher reads it. */
    private volatile long written;

    private FastPeer() {}

    static void start(int port, Progress progress) {
        FastPeer peer = new FastPeer();
        Thread.ofPlatform().daemon().name("fast-peer").start(() -> peer.write(port, progress));
        Thread.ofPlatform().daemon().name("fast-peer-watch").start(() -> peer.watch(progress));
    }

    private void write(int port, Progress progress) {
        byte[] bytes = new byte[WRITE_BYTES];
        long total = 0;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            while (true) {
                socket.getOutputStream().write(bytes);
                total += bytes.length;
                written = total;
            }
        } catch (IOException over) {
            progress.peer(written, "ends: " + over.getMessage());
        }
    }

    private void watch(Progress progress) {
        boolean stopped = false;
        long last = -1;
        try {
            while (true) {
                Thread.sleep(LOOK_MILLIS);
                long now = written;
                if (stopped != (now == last)) {
                    stopped = now == last;
                    progress.peer(now, stopped ? "stops: its window is closed" : "goes on");
                }
                last = now;
            }
        } catch (InterruptedException over) {
            Thread.currentThread().interrupt();
        }
    }
}
