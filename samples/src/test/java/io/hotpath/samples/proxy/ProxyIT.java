package io.hotpath.samples.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import io.hotpath.reactor.BoundServer;
import io.hotpath.samples.Child;
import io.hotpath.samples.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Between sockets of the JDK, and between nc and socat. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProxyIT {
    private static final byte[] THANKS = {1, 2, 3};
    private static final int LENGTH = 64 << 20;

    @TempDir Path directory;

    @Test
    void passes64MiBThatAReaderStalledIn() throws Exception {
        byte[] data = new byte[LENGTH];
        new Random(64).nextBytes(data);
        try (ServerSocket behind = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            BoundServer proxy = ProxyServer.create("127.0.0.1", behind.getLocalPort()).port(0).bindNow();
            try (Socket near = new Socket(InetAddress.getLoopbackAddress(), proxy.port());
                    Socket far = behind.accept()) {
                far.setSoTimeout(60_000);
                CompletableFuture<Void> written = CompletableFuture.runAsync(() -> write(near, data));
                long taken = untilItStops(proxy);
                assertThat(taken).as("bytes in sockets and proxy while nobody reads").isLessThan(LENGTH / 2);
                assertThat(written).isNotDone();
                EngineStats stats = proxy.stats().getFirst();
                assertThat(stats.leasesHeld() + stats.copiesHeld()).as("buffers in use").isLessThanOrEqualTo(256);

                assertThat(sha256(far.getInputStream().readNBytes(LENGTH))).isEqualTo(sha256(data));
                written.get(60, TimeUnit.SECONDS);
                assertThat(far.getInputStream().read()).as("the half close").isEqualTo(-1);
                far.getOutputStream().write(THANKS);
                far.shutdownOutput();
                assertThat(near.getInputStream().readAllBytes()).isEqualTo(THANKS);
            } finally {
                proxy.disposeNow(Duration.ofSeconds(10));
            }
            EngineStats stats = proxy.stats().getFirst();
            assertThat(stats.leasesHeld()).isZero();
            assertThat(stats.copiesHeld()).isZero();
        }
    }

    private static long untilItStops(BoundServer proxy) throws InterruptedException {
        long before;
        long now = 0;
        do {
            before = now;
            TimeUnit.SECONDS.sleep(1); // nothing tells that no more will come
            now = proxy.stats().getFirst().bytesIn();
        } while (now == 0 || now != before);
        return now;
    }

    private static void write(Socket socket, byte[] data) {
        try {
            socket.getOutputStream().write(data);
            socket.shutdownOutput();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static byte[] sha256(byte[] data) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(data);
    }

    @Test
    void passesAFileFromNcToSocatAndItsAnswerBack() throws Exception {
        byte[] data = new byte[8 << 20];
        new Random(8).nextBytes(data);
        Path file = Files.write(directory.resolve("file"), data);
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String behind = "TCP-LISTEN:" + port + ",bind=127.0.0.1,reuseaddr";
        try (Tool socat = Tool.start("socat", "socat", "-d", "-d", "-t60", behind, "SYSTEM:sha256sum");
                Child proxy = Child.start(ProxyMain.class, "--port", "0", "--to", "127.0.0.1:" + port)) {
            int proxyPort = proxy.awaitPort();
            while (!socat.line().contains("listening on")) {
                // its start
            }
            try (Tool nc = Tool.start(file, "netcat-openbsd", "nc", "-N", "127.0.0.1", Integer.toString(proxyPort))) {
                String expected = HexFormat.of().formatHex(sha256(data));
                assertThat(nc.lines()).containsExactly(expected + "  -");
            }
            proxy.endsInOrder();
        }
    }
}
