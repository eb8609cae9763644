package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Clients on blocking sockets of the JDK, nothing of ours. */
final class Peers {
    private static final int TIMEOUT_MILLIS = 20_000;

    private Peers() {}

    static Socket connect(int port) {
        return connect(port, 0, 0);
    }

    /**
     * @param receiveBytes room for what it does not read, 0 leaves it
     * @param source       the last byte of its own address, so that there are ports for many; 0 leaves it
     */
    static Socket connect(int port, int receiveBytes, int source) {
        try {
            Socket socket = new Socket();
            if (receiveBytes > 0) {
                socket.setReceiveBufferSize(receiveBytes);
            }
            if (source > 0) {
                socket.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[]{127, 0, 0, (byte) source}), 0));
            }
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            return socket;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Sends bytes and wants them back. */
    static void exchange(Socket socket, byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        assertThat(socket.getInputStream().readNBytes(bytes.length)).isEqualTo(bytes);
    }

    /** Ends it with a reset. */
    static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Runs one task per element of {@code 0..count-1}, each in a thread of its own, and waits for all; fails with the first. */
    static void inParallel(int count, Task task) {
        try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int index = i;
                running.add(threads.submit((Callable<Void>) () -> {
                    task.run(index);
                    return null;
                }));
            }
            for (Future<?> one : running) {
                one.get();
            }
        } catch (ExecutionException failed) {
            throw new AssertionError(failed.getCause());
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    interface Task {
        void run(int index) throws Exception;
    }
}
