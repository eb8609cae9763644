package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.epoll.EpollKernel;
import io.hotpath.kernel.linux.LinuxKernel;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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

    static final int PORT = 7007;
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
    final List<Side> outgoing = new ArrayList<>();
    boolean expectsHandlerFailures;
    int socketReceiveBytes;

    /** Its ring breaks for good: what the kernel may still write is not freed. */
    boolean leaks;

    /** What simulates, below {@link #kernel} or itself; null on the real one. */
    private final @Nullable SimKernel simulation;

    private Bed(@Nullable SimKernel simulation, EngineConfig config, Kernel... kernels) {
        this.kernel = kernels[0];
        this.simulation = simulation;
        engine = Engine.open(config, kernels);
        listener = listen(simulation != null ? PORT : 0);
    }

    static Bed sim(long seed, SimFaults faults, EngineConfig config) {
        SimKernel kernel = SimKernel.create(seed, faults);
        return new Bed(kernel, config, kernel);
    }

    static Bed sim(EngineConfig config) {
        return sim(1, SimFaults.none(), config);
    }

    static Bed tampered(TamperedKernel kernel, EngineConfig config) {
        return new Bed(kernel.simulation(), config, kernel);
    }

    /** From one kernel to the next, all of them on {@code simulation}, or on the host if that is null. */
    static Bed steps(@Nullable SimKernel simulation, EngineConfig config, Kernel... kernels) {
        return new Bed(simulation, config, kernels);
    }

    /** On the real kernel, or a visible skip. */
    static Bed linux(EngineConfig config) {
        return new Bed(null, config, linuxKernel());
    }

    static Bed epoll(EngineConfig config) {
        return new Bed(null, config, EpollKernel.instance());
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

    /** Listens again where the first listener was, which is closed. */
    Listener listenAgain() {
        return listen(((InetSocketAddress) listener.address()).getPort());
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
        return Objects.requireNonNull(simulation);
    }

    /** A connected client, not yet accepted. */
    Client connect() {
        if (simulation != null) {
            SimClient client = new SimClient(simulation.connect(PORT));
            simClients.add(client);
            return client;
        }
        SocketClient client = SocketClient.connect(listener.address(), socketReceiveBytes);
        socketClients.add(client);
        return client;
    }

    /** A connection from the engine, reported like the accepted ones. */
    Side connectOut(SocketAddress address) {
        Connection connection = engine.connect(address, 1_000 * TURN_NANOS, new ConnectionHandler() {
            @Override
            public void received(Connection c, long lease, int length) {}

            @Override
            public void closed(Connection c, int errno) {}
        });
        Side side = new Side(reports, connection);
        outgoing.add(side);
        return side;
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

    /** The engine has nothing to do: it waits as long as it is told to, and does not turn in vain. */
    void assertWaits() {
        turns(20);
        if (simulation != null) {
            simulation.faults(simulation.faults().withInterruptedEnter(0).withRefusedEnter(0));
            turns(simulation.faults().delayTurnsMax());
        }
        long longest = 0;
        for (int i = 0; i < 20 && longest < 15 * TURN_NANOS; i++) { // a real peer may acknowledge something meanwhile
            long before = kernel.nanoTime();
            engine.run(20 * TURN_NANOS);
            longest = Math.max(longest, kernel.nanoTime() - before);
        }
        assertThat(longest).as("nanoseconds in a wait").isGreaterThanOrEqualTo(15 * TURN_NANOS);
    }

    void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        for (int i = 0; !condition.getAsBoolean(); i++) {
            boolean over = simulation != null ? i > SIM_TURNS_MAX : System.nanoTime() - deadline > 0;
            if (over) {
                throw new AssertionError("never happened: " + what + "; " + engine.stats() + "; " + kernel);
            }
            turn();
        }
    }

    private List<Side> sides() {
        List<Side> all = new ArrayList<>(reports.sides);
        all.addAll(outgoing);
        return all;
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
        if (simulation != null) {
            assertThat(simulation.counters().overlappingSends()).as("overlappingSends").isZero();
        }
    }

    /** Closes the engine and looks for what must never be, whatever the test did. */
    @Override
    public void close() {
        @Nullable AssertionError failure = null;
        try {
            engine.close();
            failures();
            for (Side side : sides()) {
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
        if (simulation != null) {
            assertThat(simulation.openDescriptors()).as("open descriptors")
                    .isEqualTo((int) simulation.counters().lostAccepts());
            assertThat(simulation.counters().overlappingSends()).as("overlappingSends").isZero();
            if (stats.leasesHeld() == 0 && !leaks) {
                assertThat(simulation.mappedBytes()).as("mapped bytes").isZero();
            }
        }
    }
}
