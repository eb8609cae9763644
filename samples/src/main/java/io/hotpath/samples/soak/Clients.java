package io.hotpath.samples.soak;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/** Blocking JDK sockets that know what they must get. Any thread. */
final class Clients {
    private static final int TIMEOUT_MILLIS = 60_000;
    private static final int STORM = 60;
    private static final int ECHO_BYTES_MAX = 64 << 10;

    private final Servers servers;
    final AtomicLong bytesChecked = new AtomicLong();
    final AtomicLong connections = new AtomicLong();

    Clients(Servers servers) {
        this.servers = servers;
    }

    private Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        connections.incrementAndGet();
        return socket;
    }

    /** Everyday traffic: as much as some seed says comes back. */
    void echo(long seed) throws Exception {
        Random random = new Random(seed);
        byte[] data = new byte[1 + random.nextInt(ECHO_BYTES_MAX)];
        random.nextBytes(data);
        try (Socket socket = connect(servers.echo.port())) {
            Thread writer = writer(socket, data, false);
            check(socket.getInputStream().readNBytes(data.length), data);
            writer.join();
        }
    }

    void halfClose(long seed) throws Exception {
        byte[] data = new byte[ECHO_BYTES_MAX];
        new Random(seed).nextBytes(data);
        try (Socket socket = connect(servers.echo.port())) {
            writer(socket, data, true);
            check(socket.getInputStream().readAllBytes(), data);
        }
    }

    /** Its failure shows in what the reader misses. */
    private static Thread writer(Socket socket, byte[] data, boolean ends) {
        return Thread.startVirtualThread(() -> {
            try {
                socket.getOutputStream().write(data);
                if (ends) {
                    socket.shutdownOutput();
                }
            } catch (IOException failed) {
                // the reader says it
            }
        });
    }

    void reset(long seed) throws IOException {
        byte[] data = new byte[ECHO_BYTES_MAX];
        new Random(seed).nextBytes(data);
        try (Socket socket = connect(servers.echo.port())) {
            writer(socket, data, false);
            byte[] some = socket.getInputStream().readNBytes(data.length / 4);
            check(some, Arrays.copyOf(data, some.length));
            socket.setSoLinger(true, 0);
        }
    }

    /** A download: {@code stallMillis} of nothing, then pieces with {@code sipMillis} in between. */
    void download(long stallMillis, long sipMillis) throws Exception {
        try (Socket socket = connect(servers.obedient.port())) {
            socket.getOutputStream().write(Servers.DOWNLOAD);
            Thread.sleep(stallMillis);
            InputStream in = socket.getInputStream();
            byte[] piece = new byte[64 << 10];
            int position = 0;
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                for (int i = 0; i < n; i++) {
                    require(piece[i] == Servers.byteAt(position++), "byte " + position + " of a download");
                }
                bytesChecked.addAndGet(n);
                Thread.sleep(sipMillis);
            }
            require(position == Servers.DOWNLOAD_BYTES, "a download ended after " + position);
        }
    }

    void storm() throws IOException {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < STORM; i++) {
                Socket socket = connect(servers.echo.port());
                sockets.add(socket);
                socket.getOutputStream().write(i);
            }
            for (int i = 0; i < STORM; i++) {
                require(sockets.get(i).getInputStream().read() == i, "echo " + i + " of a storm");
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    void serverCloses() throws IOException {
        try (Socket socket = connect(servers.obedient.port())) {
            socket.getOutputStream().write(Servers.CLOSE);
            check(socket.getInputStream().readAllBytes(), new byte[]{Servers.CLOSE});
        }
    }

    void serverResets() throws IOException {
        try (Socket socket = connect(servers.obedient.port())) {
            socket.getOutputStream().write('r');
            require(!answers(socket), "a reset connection");
        }
    }

    void exceedLimit() throws IOException {
        List<Socket> sockets = new ArrayList<>();
        int refused = 0;
        try {
            for (int i = 0; i < 2 * Servers.LIMIT; i++) {
                refused += echoes(servers.limited.port(), sockets) ? 0 : 1;
            }
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        require(refused >= Servers.LIMIT, "only " + refused + " refused above the limit");
    }

    /** The reset may come as early as in the connect. */
    private boolean echoes(int port, List<Socket> sockets) {
        try {
            Socket socket = connect(port);
            sockets.add(socket);
            socket.getOutputStream().write('x');
            return answers(socket);
        } catch (IOException reset) {
            return false;
        }
    }

    private static boolean answers(Socket socket) {
        try {
            return socket.getInputStream().read() >= 0;
        } catch (IOException reset) {
            return false;
        }
    }

    private void check(byte[] got, byte[] expected) {
        require(Arrays.equals(got, expected), got.length + " of " + expected.length + " bytes, or others");
        bytesChecked.addAndGet(got.length);
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("wrong: " + what);
        }
    }
}
