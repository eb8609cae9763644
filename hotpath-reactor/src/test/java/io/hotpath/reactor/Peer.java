package io.hotpath.reactor;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A client that knows nothing of Hotpath: a blocking {@code java.net.Socket}. */
final class Peer implements AutoCloseable {
    private static final int TIMEOUT_MILLIS = 20_000;
    private static final ExecutorService THREADS = Executors.newVirtualThreadPerTaskExecutor();

    final Socket socket;

    private Peer(Socket socket) {
        this.socket = socket;
    }

    static Peer connect(int port) {
        try {
            Socket socket = new Socket();
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            return new Peer(socket);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    /** Connects to a server that resets; that may be as early as in the connect. */
    static void meetReset(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.getOutputStream().write('x');
            throw new AssertionError("the server sent " + socket.getInputStream().read());
        } catch (SocketTimeoutException stillOpen) {
            throw new AssertionError("the server did not reset", stillOpen);
        } catch (IOException reset) {
            // as it should be
        }
    }

    /** Connects to a server that ends the connection, in order or by reset, which may be as early as in the connect. */
    static void meetEnd(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            new Peer(socket).awaitEnd();
        } catch (ConnectException refused) {
            throw new AssertionError(refused);
        } catch (IOException reset) {
            // as it may be
        }
    }

    /** Runs beside the test. */
    static <T> Future<T> run(Callable<T> client) {
        return THREADS.submit(client);
    }

    /** Bytes that tell their position, and differ from seed to seed. */
    static byte[] bytes(long seed, int count) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    Peer write(byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            return this;
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    Peer write(String text) {
        return write(text.getBytes(StandardCharsets.UTF_8));
    }

    byte[] read(int count) {
        try {
            return socket.getInputStream().readNBytes(count);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    String readText(int count) {
        return new String(read(count), StandardCharsets.UTF_8);
    }

    /** Whatever comes up to the end. */
    byte[] readAll() {
        try {
            return socket.getInputStream().readAllBytes();
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    /** Waits for the server's end, in order or by reset. */
    Peer awaitEnd() {
        try {
            socket.getInputStream().skip(Long.MAX_VALUE);
            if (socket.getInputStream().read() >= 0) {
                throw new AssertionError("the server still sends");
            }
        } catch (SocketTimeoutException stillOpen) {
            throw new AssertionError("the server did not end", stillOpen);
        } catch (IOException reset) {
            // an end too
        }
        return this;
    }

    /** Says that no more will come; reading goes on. */
    Peer end() {
        try {
            socket.shutdownOutput();
            return this;
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }
}
