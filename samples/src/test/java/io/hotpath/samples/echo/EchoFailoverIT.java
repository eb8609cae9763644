package io.hotpath.samples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client of the JDK that checks every byte notices nothing while the echo moves from ring to ring, nor where io_uring is off. */
@Timeout(180)
class EchoFailoverIT {
    private static final int SIGTERM_EXIT = 128 + 15;
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int TIMEOUT_MILLIS = 20_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Of each loop: to io_uring again, to epoll, back. */
    private static final int FAILOVERS_MIN = 4;

    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--core", "--core --loops 2"})
    void clientNoticesNothing(String options) throws Exception {
        assertThat(serve(options, 16L << 20, Long.MAX_VALUE).kernels()).isEqualTo("io_uring epoll");
    }

    /** The done-when of the fallback: the same to an outside client, with the host's switch thrown and without. */
    @ParameterizedTest
    @ValueSource(strings = {"", "--core"})
    @Tag("faults")
    void sameWhereIoUringIsSwitchedOff(String options) throws Exception {
        long bytes = 1L << 30;
        Seen permitted = serve(options, bytes, bytes);
        Seen forbidden;
        try (UringSwitch off = UringSwitch.off()) {
            assertThat(off.value()).isEqualTo("2");
            forbidden = serve(options, bytes, bytes);
        }

        assertThat(permitted.kernels()).isEqualTo("io_uring epoll");
        assertThat(forbidden.kernels()).isEqualTo("epoll");
        assertThat(forbidden.errors()).contains("kernel.io_uring_disabled is 2");
        assertThat(forbidden.closingLine()).isEqualTo(permitted.closingLine());
        assertThat(forbidden.socketsServing()).isEqualTo(permitted.socketsServing());
        assertThat(forbidden.socketsIdle()).isEqualTo(permitted.socketsIdle());
        assertThat(forbidden.exitCode()).isEqualTo(permitted.exitCode());
    }

    /** What an outside observer sees of one run. */
    private record Seen(
            String kernels, int socketsServing, int socketsIdle, int exitCode, String closingLine, String errors) {}

    /** Sends {@code least} bytes, and goes on up to {@code most} until there were enough failovers. */
    private static Seen serve(String options, long least, long most) throws Exception {
        String arguments = "--port 0 --failover-every 0.1 " + options;
        int failoversMin = FAILOVERS_MIN * (options.contains("--loops 2") ? 2 : 1);
        try (EchoProcess echo = EchoProcess.start(arguments.strip().split(" "))) {
            int port = echo.awaitPort();
            int socketsServing;
            long bytes;
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(TIMEOUT_MILLIS);
                Writing writing = new Writing(socket, least, most, () -> failovers(echo) >= failoversMin);
                Thread writer = Thread.ofPlatform().name("writer").start(writing);
                CRC32C received = new CRC32C();
                InputStream in = socket.getInputStream();
                byte[] buffer = new byte[CHUNK_BYTES];
                bytes = 0;
                socketsServing = 0;
                for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                    if (bytes == 0) {
                        socketsServing = echo.descriptors().get("socket");
                    }
                    received.update(buffer, 0, n);
                    bytes += n;
                }
                writer.join();
                assertThat(bytes).as(() -> "of " + writing + ", " + echo.errors()).isEqualTo(writing.bytes);
                assertThat(received.getValue()).as("checksum").isEqualTo(writing.sum.getValue());
            }
            assertThat(failovers(echo)).as("failovers that happened").isGreaterThanOrEqualTo(failoversMin);
            int socketsIdle = awaitSockets(echo, socketsServing - 1);
            int exitCode = echo.terminate();
            String closingLine = echo.output();

            assertThat(exitCode).isEqualTo(SIGTERM_EXIT);
            assertThat(closingLine).isEqualTo(
                    "connections 1, bytes in " + bytes + ", bytes out " + bytes + ", buffers leaked 0\n");
            assertThat(echo.errors()).doesNotContain("Exception").doesNotContain("echo: ");
            return new Seen(
                    kernels(echo), socketsServing, socketsIdle, exitCode, closingLine, echo.errors());
        }
    }

    /** The last socket goes a moment after its client saw the end. */
    private static int awaitSockets(EchoProcess echo, int expected) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        int sockets = echo.descriptors().get("socket");
        while (sockets != expected && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            sockets = echo.descriptors().get("socket");
        }
        assertThat(sockets).as("sockets without a client").isEqualTo(expected);
        return sockets;
    }

    /** One line of the log each. */
    private static long failovers(EchoProcess echo) {
        return echo.errors().lines().filter(line -> line.contains(" because=forced ")).count();
    }

    /** The kernels that served, as the log tells. */
    private static String kernels(EchoProcess echo) {
        boolean uring = echo.errors().contains("was=io_uring");
        boolean epoll = echo.errors().contains("was=epoll");
        return (uring ? "io_uring " : "") + (epoll ? "epoll" : "");
    }

    /** What the client sends, with its sum. */
    private static final class Writing implements Runnable {
        private final Socket socket;
        private final long least;
        private final long most;
        private final BooleanSupplier enough;
        private final CRC32C sum = new CRC32C();
        private long bytes;

        Writing(Socket socket, long least, long most, BooleanSupplier enough) {
            this.socket = socket;
            this.least = least;
            this.most = most;
            this.enough = enough;
        }

        @Override
        public void run() {
            Random random = new Random(least);
            byte[] chunk = new byte[CHUNK_BYTES];
            random.nextBytes(chunk);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            try {
                OutputStream out = socket.getOutputStream();
                while (bytes < least || (bytes < most && !enough.getAsBoolean())) {
                    assertThat(System.nanoTime()).as("enough failovers").isLessThan(deadline);
                    int n = (int) Math.min(1 + random.nextInt(CHUNK_BYTES), Math.max(least, most) - bytes);
                    chunk[random.nextInt(CHUNK_BYTES)]++; // no two pieces are the same
                    out.write(chunk, 0, n);
                    sum.update(chunk, 0, n);
                    bytes += n;
                }
                socket.shutdownOutput();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        @Override
        public String toString() {
            return bytes + " bytes sent in " + TimeUnit.NANOSECONDS.toSeconds(PATIENCE.toNanos()) + " s at most";
        }
    }
}
