package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.ListenAddress;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import io.hotpath.kernel.linux.LinuxKernel;
import io.hotpath.kernel.linux.UringHost;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** F-15, F-16: more completions than the queue holds, on the real kernel. An engine never makes its queue so small itself. */
final class OverflowIT {
    private static final int CQ_ENTRIES = 8;
    private static final int CLIENTS = 200;
    private static final int BYTES = 3000;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private int closes;

    @Test
    void nothingIsLostWhenTheCompletionQueueOverflows() throws IOException {
        UringHost.require();
        ClosingAudit before = ClosingAudit.ofThisProcess();
        EngineConfig config = EngineConfig.DEFAULT.withEntries(CQ_ENTRIES).withBuffers(64, 1024);
        List<Socket> clients = new ArrayList<>();
        Engine engine = Engine.open(new FewCompletions(LinuxKernel.instance()), config);
        try (engine) {
            int port = listen(engine);
            engine.run(0);
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(Peers.connect(port)); // nobody takes the accepts from the queue
            }
            turnUntil(engine, () -> engine.stats().accepted() == CLIENTS);
            assertThat(engine.stats().overflows()).as("overflows of accept").isPositive();
            long ofAccept = engine.stats().overflows();

            for (int i = 0; i < CLIENTS; i++) {
                byte[] bytes = new byte[BYTES];
                Arrays.fill(bytes, (byte) i);
                clients.get(i).getOutputStream().write(bytes);
            }
            turnUntil(engine, () -> engine.stats().bytesOut() == (long) CLIENTS * BYTES);
            assertThat(engine.stats().overflows()).as("overflows of receive and send").isGreaterThan(ofAccept);
            for (int i = 0; i < CLIENTS; i++) {
                try (Socket client = clients.get(i)) {
                    for (byte one : client.getInputStream().readNBytes(BYTES)) {
                        assertThat(one).isEqualTo((byte) i);
                    }
                }
            }
            turnUntil(engine, () -> closes == CLIENTS);
            assertThat(ClosingAudit.leaks(engine.stats(), config.buffers())).isEmpty();
        }
        EngineStats stats = engine.stats();
        assertThat(ClosingAudit.leaks(stats)).isEmpty();
        assertThat(stats.failovers()).as("overflow is no reason to leave a ring").isZero();
        before.requireNoMore();
    }

    private int listen(Engine engine) throws IOException {
        InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        ListenAddress sockets = ListenAddress.bind(engine, loopback, 1024, 1);
        engine.listen(sockets, 0, connection -> {
            connection.adopt(new ConnectionHandler() {
                @Override
                public void received(Connection c, long lease, int length) {
                    c.send(lease, 0);
                }

                @Override
                public void closed(Connection c, int errno) {
                    closes++;
                }
            });
            connection.start(true);
            connection.request(Long.MAX_VALUE);
        });
        return ((InetSocketAddress) sockets.address()).getPort();
    }

    private static void turnUntil(Engine engine, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(() -> "never happened: " + engine.stats()).isLessThan(deadline);
            engine.run(1_000_000);
        }
    }

    /** The real kernel with a completion queue that is too small. */
    private record FewCompletions(Kernel kernel) implements Kernel {
        @Override
        public KernelRing openRing(RingSetup setup) {
            return kernel.openRing(new RingSetup(setup.sqEntries(), CQ_ENTRIES, setup.restricted()));
        }

        @Override
        public String name() {
            return kernel.name();
        }

        @Override
        public Sockets sockets() {
            return kernel.sockets();
        }

        @Override
        public MemorySegment mapMemory(long bytes) {
            return kernel.mapMemory(bytes);
        }

        @Override
        public void unmapMemory(MemorySegment memory) {
            kernel.unmapMemory(memory);
        }

        @Override
        public long nanoTime() {
            return kernel.nanoTime();
        }
    }
}
