package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F-32, F-75: a server that is killed and comes back under load, and one that has ten thousand idle connections. */
@Tag("forked")
@Tag("faults")
final class ManyPeersIT {
    private static final int IDLE = 10_000;
    private static final int DESCRIPTORS_FOR_THAT = IDLE + 500;
    private static final int RESTARTS = 20;
    private static final long BIND_NANOS = TimeUnit.SECONDS.toNanos(2);

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void idleConnectionsHoldNoBuffer(String kernel) throws IOException {
        try (EchoBed bed = EchoBed.open(kernel + " backlog=4096")) {
            for (long pid : new long[]{bed.child().pid(), ProcessHandle.current().pid()}) {
                long limit = Limits.soft(pid, "Max open files");
                Tools.require(limit >= DESCRIPTORS_FOR_THAT,
                        "needs ulimit -n " + DESCRIPTORS_FOR_THAT + ", has " + limit);
            }
            ChecksumClient.echo(bed.port(), 1 << 20, 75);
            long before = residentBytes(bed.child().pid());
            List<SocketChannel> idle = new ArrayList<>();
            for (int i = 0; i < IDLE; i++) {
                idle.add(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), bed.port())));
            }
            Answer stats = bed.until("all there", s -> s.number("connections") == IDLE);
            assertThat(stats.number("buffersFree")).as("buffers that the kernel can fill").isEqualTo(64);
            assertThat(stats.number("leasesHeld")).isZero();
            System.out.println("idle: " + (residentBytes(bed.child().pid()) - before) / IDLE
                    + " resident bytes more for each of " + IDLE + " connections on " + kernel);
            ChecksumClient.echo(bed.port(), 4 << 20, 76);
            for (SocketChannel channel : idle) {
                channel.close();
            }
            bed.end(5 << 20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void killedServerComesBackOnItsPortWithinTwoSeconds(String kernel) throws InterruptedException {
        AtomicBoolean ending = new AtomicBoolean();
        AtomicLong wrong = new AtomicLong();
        AtomicLong exchanges = new AtomicLong();
        AtomicLong broken = new AtomicLong();
        int port;
        try (Child first = Child.start()) {
            port = (int) first.ask("open " + kernel).number("port");
            kill(first);
        }
        List<Thread> load = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            load.add(Thread.ofPlatform().start(() -> load(port, ending, exchanges, broken, wrong)));
        }
        try {
            for (int i = 0; i < RESTARTS; i++) {
                try (Child child = Child.start()) {
                    long deadline = System.nanoTime() + BIND_NANOS;
                    String open = "open " + kernel + " port=" + port;
                    Answer opened = child.ask(open);
                    while (!opened.status().equals(Answer.OK) && System.nanoTime() < deadline) {
                        opened = child.ask(open);
                    }
                    assertThat(opened.status()).as("restart " + i + ": " + opened).isEqualTo(Answer.OK);
                    long before = exchanges.get();
                    while (exchanges.get() < before + 200) {
                        assertThat(System.nanoTime()).as("it serves").isLessThan(deadline + 15 * BIND_NANOS);
                        LockSupport.parkNanos(1_000_000);
                    }
                    kill(child);
                }
            }
        } finally {
            ending.set(true);
            for (Thread thread : load) {
                thread.join();
            }
        }
        assertThat(broken.get()).as("exchanges that a kill broke").isGreaterThanOrEqualTo(RESTARTS);
        assertThat(wrong.get()).as("answers with wrong bytes").isZero();
    }

    private static void kill(Child child) {
        ProcessHandle.of(child.pid()).orElseThrow().destroyForcibly();
        assertThat(child.exitCode()).isEqualTo(128 + 9);
    }

    /** Connects anew whenever a connection breaks. */
    private static void load(
            int port, AtomicBoolean ending, AtomicLong exchanges, AtomicLong broken, AtomicLong wrong) {
        byte[] bytes = new byte[700];
        while (!ending.get()) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(5_000);
                try {
                    while (!ending.get()) {
                        bytes[0]++;
                        socket.getOutputStream().write(bytes);
                        byte[] back = socket.getInputStream().readNBytes(bytes.length);
                        if (back.length < bytes.length) {
                            throw new IOException("ended");
                        }
                        wrong.addAndGet(Arrays.equals(back, bytes) ? 0 : 1);
                        exchanges.incrementAndGet();
                    }
                } catch (SocketTimeoutException hung) {
                    wrong.incrementAndGet();
                } catch (IOException killed) {
                    broken.incrementAndGet();
                }
            } catch (IOException refused) {
                LockSupport.parkNanos(1_000_000); // nobody listens at the moment
            }
        }
    }

    private static long residentBytes(long pid) throws IOException {
        String line = Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(one -> one.startsWith("VmRSS:")).findFirst().orElseThrow();
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    }
}
