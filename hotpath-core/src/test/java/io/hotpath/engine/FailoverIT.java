package io.hotpath.engine;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.KernelPolicy;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.linux.UringHost;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Live connections move from ring to ring to epoll under load from another process that checks every byte. */
final class FailoverIT {
    private static final int CONNECTIONS = 64;
    private static final int PAUSE_EVERY = 5;
    private static final long PAUSE_MILLIS = 30;

    /** What the client of a connection sends that the server is to close. */
    private static final byte[] VICTIM = {'c', 'l', 'o', 's', 'e', ' ', 'm', 'e'};

    private final List<Long> kept = new ArrayList<>();
    private final List<Integer> keptSums = new ArrayList<>();
    private EngineLoop loop;
    private Engine engine;
    private int port;
    private int keep;
    private long slowestEndNanos;

    /** Written by the loop before it echoes, read by the test after it has the echo. */
    private volatile Connection victim;

    @BeforeEach
    void start() throws Exception {
        UringHost.require();
        CompletableFuture<Engine> opened = new CompletableFuture<>();
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        loop = new EngineLoop(
                EngineConfig.DEFAULT.withPolicy(KernelPolicy.AUTO).withLeaseQuota(64),
                open -> {
                    listen(open);
                    opened.complete(open);
                },
                failure -> ended.complete(failure == null ? new Throwable("stopped") : failure));
        Thread.ofPlatform().name("failover").start(loop);
        engine = opened.get(10, SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        if (loop != null) {
            loop.stop();
            loop.await();
        }
    }

    private void listen(Engine open) {
        try {
            ListenAddress address =
                    ListenAddress.bind(open, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024, 1);
            port = ((InetSocketAddress) address.address()).getPort();
            open.listen(address, 0, connection -> {
                connection.adopt(new Echo());
                connection.setOption(Abi.SOL_SOCKET, Abi.SO_SNDBUF, 16 << 10); // so that sends get stuck
                connection.start(true);
                connection.request(Long.MAX_VALUE);
            });
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    /** Echoes; every fifth connection stops asking now and then, so that bytes are parked. */
    private final class Echo implements ConnectionHandler {
        private long nextPause = 1 << 20;
        private long bytes;

        @Override
        public void received(Connection connection, long lease, int length) {
            if (bytes == 0 && length == VICTIM.length && isVictim(connection, lease)) {
                victim = connection;
            }
            if (keep > 0 && length >= 16) {
                keep--;
                kept.add(lease);
                keptSums.add(sum(lease));
                byte[] copy = new byte[length];
                connection.engine().leases().copy(lease, 0, copy, 0, length);
                connection.send(copy, 0, length, 0);
                return;
            }
            connection.send(lease, 0);
            bytes += length;
            if (connection.slot() % PAUSE_EVERY == 0 && bytes > nextPause) {
                nextPause = bytes + (2 << 20);
                connection.pause();
                later(PAUSE_MILLIS, () -> engine.execute(() -> resume(connection)));
            }
        }

        @Override
        public void closed(Connection connection, int errno) {}
    }

    private static boolean isVictim(Connection connection, long lease) {
        byte[] sent = new byte[VICTIM.length];
        connection.engine().leases().copy(lease, 0, sent, 0, sent.length);
        return Arrays.equals(sent, VICTIM);
    }

    private static void resume(Connection connection) {
        if (!connection.closed()) {
            connection.request(Long.MAX_VALUE);
        }
    }

    private static void later(long millis, Runnable action) {
        CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(action);
    }

    private int sum(long lease) {
        int sum = 0;
        for (int i = 0; i < engine.leases().length(lease); i++) {
            sum = sum * 31 + engine.leases().byteAt(lease, i);
        }
        return sum;
    }

    @Test
    void movesLiveConnectionsWithoutLosingAByte() throws Exception {
        hop(6, 250, 100);
    }

    @Test
    @Tag("faults")
    void movesLiveConnectionsForAMinute() throws Exception {
        hop(30, 2000, 1000);
    }

    private void hop(int hops, int everyMillis, int connectsPerHop) throws Exception {
        Process load = load(connectsPerHop);
        try (BufferedReader lines = load.inputReader()) {
            assertThat(lines.readLine()).isEqualTo("started");
            for (int i = 0; i < hops; i++) {
                if (i == 1) {
                    onLoop(() -> keep = 100);
                }
                await(everyMillis);
                Socket client = victim();
                engine.forceUnhealthy();
                closedConnectionSeesItsEnd(client);
                if (i == 3) {
                    releaseKept();
                }
                load.getOutputStream().write('c');
                load.getOutputStream().flush();
                assertThat(lines.readLine()).isEqualTo("connects=" + connectsPerHop * (i + 1));
            }
            load.getOutputStream().write('q');
            load.getOutputStream().flush();
            String result = lines.readLine();
            EngineStats stats = engine.stats();
            System.out.println("failover: " + result + " hops=" + stats.failovers() + " movedSending="
                    + stats.movedSending() + " movedParked=" + stats.movedParked() + " slowestEndMicros="
                    + slowestEndNanos / 1000);
            assertThat(result).matches("bytes=[1-9][0-9]* connects=" + connectsPerHop * hops + " wrong=0 dropped=0");
            assertThat(load.waitFor(20, SECONDS)).isTrue();
            assertThat(stats.failovers()).isEqualTo(hops);
            assertThat(stats.closedByLoss()).isZero();
            assertThat(stats.movedSending()).as("sends in flight at a hop").isPositive();
            assertThat(stats.movedParked()).as("parked bytes at a hop").isPositive();
            assertThat(stats.staleCompletions() + stats.unexpectedErrnos() + stats.handlerFailures()).isZero();
        } finally {
            load.destroyForcibly();
        }
        noneLeft();
    }

    private void releaseKept() throws Exception {
        onLoop(() -> {
            assertThat(kept).hasSize(100);
            for (int i = 0; i < kept.size(); i++) {
                assertThat(sum(kept.get(i))).isEqualTo(keptSums.get(i));
                engine.leases().release(kept.get(i));
            }
        });
    }

    /** A client whose connection the server closes after a hop, where its receive is armed. */
    private Socket victim() throws Exception {
        Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
        client.setSoTimeout(10_000);
        client.getOutputStream().write(VICTIM);
        assertThat(client.getInputStream().readNBytes(VICTIM.length)).isEqualTo(VICTIM);
        return client;
    }

    private void closedConnectionSeesItsEnd(Socket client) throws Exception {
        Connection connection = Objects.requireNonNull(victim);
        CompletableFuture<Long> closed = new CompletableFuture<>();
        engine.execute(() -> {
            closed.complete(System.nanoTime());
            connection.close();
        });
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        slowestEndNanos = Math.max(slowestEndNanos, System.nanoTime() - closed.get(10, SECONDS));
        client.close();
    }

    private void noneLeft() throws Exception {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (engine.stats().connections() > 0 && System.nanoTime() < deadline) {
            onLoop(() -> {});
        }
        onLoop(() -> {
            EngineStats stats = engine.stats();
            assertThat(stats.connections()).isZero();
            assertThat(stats.leasesHeld()).isZero();
            assertThat(stats.copiesHeld()).isZero();
            assertThat(stats.buffersFree()).isEqualTo(EngineConfig.DEFAULT.buffers());
        });
    }

    private void onLoop(Runnable check) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        engine.execute(() -> {
            try {
                check.run();
                done.complete(null);
            } catch (Throwable failed) {
                done.completeExceptionally(failed);
            }
        });
        done.get(10, SECONDS);
    }

    /** Between two hops the load runs for a while, not always the same. */
    private void await(int millis) throws Exception {
        CompletableFuture<Void> time = new CompletableFuture<>();
        later(millis / 2 + ThreadLocalRandom.current().nextInt(millis), () -> time.complete(null));
        time.get(10, SECONDS);
    }

    private Process load(int connectsPerHop) throws IOException {
        return new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                EchoLoad.class.getName(),
                String.valueOf(port),
                String.valueOf(CONNECTIONS), String.valueOf(connectsPerHop))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
