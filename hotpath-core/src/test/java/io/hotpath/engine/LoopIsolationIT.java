package io.hotpath.engine;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.KernelPolicy;
import io.hotpath.faults.ClosingAudit;
import io.hotpath.kernel.linux.UringHost;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Loops share a port and nothing else: what happens to one of them does not touch the other. */
final class LoopIsolationIT {
    private static final EngineConfig AUTO = EngineConfig.DEFAULT.withPolicy(KernelPolicy.AUTO);
    private static final int CONNECTIONS = 32;
    private static final int CONNECTS = 100;
    private static final int HOPS = 3;
    private static final int CLIENTS = 20;
    private static final long PROGRESS_BYTES = 1 << 20;

    @BeforeEach
    void needsUring() {
        UringHost.require();
    }

    @Test
    void aFailoverOfOneLoopDoesNotTouchTheOther() throws Exception {
        ClosingAudit before = Loops.audit();
        try (Loops loops = new Loops(2, 0, Looped.echo()); Load load = started(loops)) {
            Engine moving = loops.loop(0).engine();
            Engine other = loops.loop(1).engine();
            for (int hop = 1; hop <= HOPS; hop++) {
                int count = hop;
                moving.forceUnhealthy();
                Loops.await("the hop", () -> moving.stats().failovers() == count);
                progresses(moving);
                progresses(other);
                load.connects(CONNECTS * hop);
            }
            String result = load.end();
            System.out.println("isolation: forced " + result + " hops=" + moving.stats().failovers());
            assertThat(result).endsWith("wrong=0 dropped=0");
            untouched(other);
        }
        before.requireNoMore();
    }

    @Test
    void aRingThatDiesOnOneLoopCostsConnectionsOfThatLoopOnly() throws Exception {
        ClosingAudit before = Loops.audit();
        try (Loops loops = new Loops(2, 0, Looped.echo())) {
            Set<Integer> rings = RingDescriptor.all();
            loops.start(0, AUTO);
            int ring = RingDescriptor.since(rings);
            try (Load load = started(loops)) {
                Engine dying = loops.loop(0).engine();
                Engine other = loops.loop(1).engine();
                Loops.onLoop(dying, () -> RingDescriptor.destroy(ring));
                Loops.await("the hop", () -> dying.stats().failovers() == 1);
                progresses(other);
                load.connects(CONNECTS);
                String result = load.end();
                EngineStats stats = dying.stats();
                System.out.println("isolation: died " + result + " closedByLoss=" + stats.closedByLoss());
                assertThat(stats.closedByLoss()).isPositive();
                assertThat(result).endsWith("wrong=0 dropped=" + stats.closedByLoss());
                untouched(other);
            }
        }
        before.requireNoMore();
    }

    @Test
    void aLoopThatDiesFailsItsConnectionsAtOnceAndTheOtherGoesOn() throws Exception {
        ClosingAudit before = Loops.audit();
        AtomicBoolean dies = new AtomicBoolean();
        Error cause = new StackOverflowError("a test's own");
        try (Loops loops = new Loops(2, 0, Looped.echo())) {
            loops.start(0, AUTO);
            loops.start(1, AUTO);
            Engine dying = loops.loop(0).engine();
            Engine other = loops.loop(1).engine();
            Loops.onLoop(dying, () -> dying.beforeSend(() -> {
                if (dies.get()) {
                    throw cause;
                }
            }));
            List<Socket> clients = clients(loops.port());
            int lost = dying.connections();
            assertThat(lost).isBetween(1, CLIENTS - 1);
            dies.set(true);
            dying.wakeup();
            assertThat(loops.loop(0).ended()).isEqualTo(Optional.of(cause));
            assertThat(dying.stats().closedByReset()).isEqualTo(lost);
            assertThat(ended(clients)).isEqualTo(lost);
            assertThat(other.connections()).isEqualTo(CLIENTS - lost);
            try (Callers callers = new Callers(4, loops.port())) {
                callers.awaitMore(CONNECTS);
                callers.stop();
                assertThat(callers.troubles).as("new clients go to the loop that lives").isEmpty();
            }
            untouched(other);
            for (Socket client : clients) {
                client.close();
            }
        }
        before.requireNoMore();
    }

    // ---- helpers ------------------------------------------------------------------------------------------------

    private static List<Socket> clients(int port) throws IOException {
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
            client.setSoTimeout(20_000);
            assertThat(echoes(client)).isTrue();
            clients.add(client);
        }
        return clients;
    }

    /** How many do not echo any more. */
    private static int ended(List<Socket> clients) {
        int ended = 0;
        for (Socket client : clients) {
            try {
                ended += echoes(client) ? 0 : 1;
            } catch (IOException reset) {
                ended++;
            }
        }
        return ended;
    }

    private static boolean echoes(Socket client) throws IOException {
        client.getOutputStream().write(7);
        return client.getInputStream().read() == 7;
    }

    private static void progresses(Engine engine) {
        long enough = engine.stats().bytesIn() + PROGRESS_BYTES;
        Loops.await("bytes", () -> engine.stats().bytesIn() > enough);
    }

    private static void untouched(Engine engine) {
        EngineStats stats = engine.stats();
        assertThat(stats.failovers() + stats.closedByLoss() + stats.closedByReset()).isZero();
        assertThat(stats.kernel()).isEqualTo("io_uring");
    }

    /** Load from another process on both loops, of which those that do not run yet are started. */
    private static Load started(Loops loops) throws IOException {
        for (int i = 0; i < 2; i++) {
            if (loops.loop(i) == null) {
                loops.start(i, AUTO);
            }
        }
        Load load = new Load(loops.port());
        for (int i = 0; i < 2; i++) {
            progresses(loops.loop(i).engine());
        }
        return load;
    }

    /** {@link EchoLoad} in a process of its own. */
    private static final class Load implements AutoCloseable {
        private final Process process;
        private final BufferedReader lines;

        Load(int port) throws IOException {
            process = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"),
                    EchoLoad.class.getName(),
                    String.valueOf(port), String.valueOf(CONNECTIONS), String.valueOf(CONNECTS))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            lines = process.inputReader();
            assertThat(lines.readLine()).isEqualTo("started");
        }

        /** {@link #CONNECTS} more are served, {@code count} in all. */
        void connects(int count) throws IOException {
            command('c');
            assertThat(lines.readLine()).isEqualTo("connects=" + count);
        }

        /** Ends it; returns what it has to say. */
        String end() throws IOException, InterruptedException {
            command('q');
            String result = lines.readLine();
            assertThat(process.waitFor(30, SECONDS)).isTrue();
            return result;
        }

        private void command(char command) throws IOException {
            process.getOutputStream().write(command);
            process.getOutputStream().flush();
        }

        @Override
        public void close() throws IOException {
            process.destroyForcibly();
            lines.close();
        }
    }
}
