package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.linux.LinuxKernel;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * An engine that listens, and its clients, all in the test's thread: nothing happens between two turns that the test does
 * not do. The same on the simulated and on the real kernel.
 */
final class Bed implements AutoCloseable {
    /** Few and small, so that each test meets its limits, and opening is cheap. */
    static final EngineConfig SMALL =
            EngineConfig.DEFAULT.withEntries(64).withBuffers(16, 1024).withLeaseQuota(8).withCopyBytesMax(256 << 10);

    private static final int PORT = 7007;
    private static final int SIM_TURNS_MAX = 100_000;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long TURN_NANOS = 1_000_000;

    /** Thousands of simulated hosts in trouble would fill the log. The reference keeps the level. */
    private static final Logger LOGGER = Logger.getLogger(Engine.class.getPackageName());

    static {
        LOGGER.setLevel(Level.SEVERE);
    }

    final Kernel kernel;
    final Engine engine;
    final Reports reports = new Reports();
    final Listener listener;
    final List<SimClient> simClients = new ArrayList<>();
    final List<SocketClient> socketClients = new ArrayList<>();
    boolean expectsHandlerFailures;
    int socketReceiveBytes;

    private Bed(Kernel kernel, EngineConfig config) {
        this.kernel = kernel;
        engine = Engine.open(kernel, config);
        listener = listen(kernel instanceof SimKernel ? PORT : 0);
    }

    static Bed sim(long seed, SimFaults faults, EngineConfig config) {
        return new Bed(SimKernel.create(seed, faults), config);
    }

    static Bed sim(EngineConfig config) {
        return sim(1, SimFaults.none(), config);
    }

    static Bed on(Kernel kernel, EngineConfig config) {
        return new Bed(kernel, config);
    }

    /** On the real kernel, or a visible skip. */
    static Bed linux(EngineConfig config) {
        return new Bed(linuxKernel(), config);
    }

    static Kernel linuxKernel() {
        try {
            Kernel kernel = LinuxKernel.instance();
            kernel.openRing(new RingSetup(8, 32, false)).close();
            return kernel;
        } catch (KernelRefused | UnsupportedOperationException refused) {
            if (Boolean.getBoolean("hotpath.requireUring")) {
                throw refused;
            }
            return Assumptions.abort("io_uring is not available: " + refused.getMessage());
        }
    }

    Listener listen(int port) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try (ListenAddress sockets = ListenAddress.bind(engine, address, 1024, 1)) {
            return engine.listen(sockets, 0, reports);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    SimKernel sim() {
        return (SimKernel) kernel;
    }

    /** A connected client, not yet accepted. */
    Client connect() {
        if (kernel instanceof SimKernel sim) {
            SimClient client = new SimClient(sim.connect(PORT));
            simClients.add(client);
            return client;
        }
        SocketClient client = SocketClient.connect(listener.address(), socketReceiveBytes);
        socketClients.add(client);
        return client;
    }

    /** A client that can be made to read no more, and the connection to it, with little room in between. */
    Client connectNarrow() {
        socketReceiveBytes = 4096;
        return connect();
    }

    /** Little room for {@code side} to send. */
    static void narrow(Side side) {
        side.connection.setOption(Abi.SOL_SOCKET, Abi.SO_SNDBUF, 4096);
    }

    /** The next connection that is accepted. */
    Side accepted() {
        int count = reports.sides.size();
        until("accepted", () -> reports.sides.size() > count);
        return reports.sides.get(count);
    }

    void turn() {
        engine.run(TURN_NANOS);
        simClients.forEach(SimClient::pump);
        socketClients.forEach(SocketClient::pump);
        failures();
    }

    void turns(int count) {
        for (int i = 0; i < count; i++) {
            turn();
        }
    }

    void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        for (int i = 0; !condition.getAsBoolean(); i++) {
            boolean over = kernel instanceof SimKernel ? i > SIM_TURNS_MAX : System.nanoTime() - deadline > 0;
            if (over) {
                throw new AssertionError("never happened: " + what + "; " + engine.stats() + "; " + kernel);
            }
            turn();
        }
    }

    private void failures() {
        if (!expectsHandlerFailures && !reports.failures.isEmpty()) {
            throw new AssertionError("in a report; " + kernel, reports.failures.getFirst());
        }
    }

    /** What must hold once every connection is closed and every lease is home. */
    void assertNothingLeft() {
        turns(3);
        EngineStats stats = engine.stats();
        EngineConfig config = engine.config();
        assertThat(stats.connections()).as("connections").isZero();
        assertThat(stats.leasesHeld()).as("leasesHeld").isZero();
        assertThat(stats.copiesHeld()).as("copiesHeld").isZero();
        assertThat(stats.buffersFree()).as("buffersFree").isEqualTo(config.buffers());
        assertThat(engine.leases().reserveAvailable()).as("reserve").isEqualTo(config.reserveBuffers());
        assertThat(stats.staleCompletions()).as("staleCompletions").isZero();
        assertThat(stats.unexpectedErrnos()).as("unexpectedErrnos").isZero();
        if (kernel instanceof SimKernel sim) {
            assertThat(sim.counters().overlappingSends()).as("overlappingSends").isZero();
        }
    }

    /** Closes the engine and looks for what must never be, whatever the test did. */
    @Override
    public void close() {
        @Nullable AssertionError failure = null;
        try {
            engine.close();
            failures();
            for (Side side : reports.sides) {
                if (side.closes != 1) {
                    failure = new AssertionError(side.connection + " was closed " + side.closes + " times");
                }
            }
        } finally {
            socketClients.forEach(SocketClient::close);
        }
        if (failure != null) {
            throw failure;
        }
        EngineStats stats = engine.stats();
        assertThat(stats.staleCompletions()).as("staleCompletions").isZero();
        assertThat(stats.unexpectedErrnos()).as("unexpectedErrnos").isZero();
        if (kernel instanceof SimKernel sim) {
            assertThat(sim.openDescriptors()).as("open descriptors").isZero();
            assertThat(sim.counters().overlappingSends()).as("overlappingSends").isZero();
            if (stats.leasesHeld() == 0) {
                assertThat(sim.mappedBytes()).as("mapped bytes").isZero();
            }
        }
    }
}
