package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/**
 * A server, a stream or a client under test, without sockets and without threads: it runs on a simulated kernel in the test's
 * own thread. The test plays the peers, their bytes, resets and half closes, and moves time.
 *
 * {@snippet class="io.hotpath.snippets.TestSnippets" region="server"}
 *
 * <p><b>Nothing happens by itself.</b> Each action of a peer, and {@link #advanceTime}, runs the loops until nothing is left to
 * do, and returns then. So a test needs no waiting, and what it does is the same in each run: the seed decides what is random.
 *
 * <p><b>Everything that this thread starts is simulated</b> while the test is open: servers, streams, and clients, also those
 * that a handler creates, so a proxy can be tested between two scripted peers. Loops do not get threads of their own; a handler
 * that blocks is refused by Reactor all the same.
 *
 * <p><b>Time is virtual</b>, for the kernel, for timeouts of the engine and for all of Reactor's schedulers ({@link
 * reactor.test.scheduler.VirtualTimeScheduler}), which run their tasks in the test's thread. In a {@code
 * StepVerifier} time moves by {@code then(() -> test.advanceTime(...))}; its {@code thenAwait} would wait in real time. Reactor's
 * schedulers are global, so one such test is open at a time in a JVM.
 *
 * <p><b>The end.</b> {@link #close()} stops everything in order and fails if a buffer did not come home, a buffer was used after
 * its release, or a descriptor is left open.
 *
 * <p>The thread that opened it uses it, and closes it.
 */
public final class HotpathTest implements AutoCloseable {
    private static final Duration STOP_MAX = Duration.ofSeconds(10);
    private static final int LISTEN_PORT = 7007;

    private final HotpathTestSimulation simulation;
    private final List<BoundServer> servers = new ArrayList<>();
    private final List<Disposable> streams = new ArrayList<>();
    private @Nullable Throwable streamFailure;
    private int port = -1;
    private boolean closed;

    private HotpathTest(Setup setup) {
        simulation = new HotpathTestSimulation(setup);
    }

    // ---- to begin -----------------------------------------------------------------------------------------------

    /** A server with {@code handler}, listening. */
    public static HotpathTest server(
            BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler) {
        return setup().server(handler);
    }

    /** {@code server}, listening, with what it was given but its address. */
    public static HotpathTest server(HotpathServer server) {
        return setup().server(server);
    }

    /** A completion stream, listening; {@code use} says what becomes of its events and is subscribed to without limit. */
    public static HotpathTest stream(Function<Flux<HotpathEvent>, ? extends Publisher<?>> use) {
        return setup().stream(use);
    }

    /** Nothing yet: for clients, with {@link #listen}, or for servers that the test binds itself. */
    public static HotpathTest open() {
        return setup().open();
    }

    /** Seed, faults and sizes, to be followed by one of the others. */
    public static Setup setup() {
        return new Setup(1, SimFaults.none(), UnaryOperator.identity());
    }

    // ---- peers --------------------------------------------------------------------------------------------------

    /** A peer that connects to the server or stream under test; accepted, if it can be, when this returns. */
    public HotpathTestPeer connect() {
        if (port < 0) {
            throw new IllegalStateException("nothing listens: use connect(port), or begin with server() or stream()");
        }
        return connect(port);
    }

    /** A peer that connects to whoever listens on {@code port} of the simulation; {@code refused()} if nobody does. */
    public HotpathTestPeer connect(int toPort) {
        HotpathTestPeer peer = simulation.add(simulation.kernel.connect(toPort));
        run();
        return peer;
    }

    /** A listener that the test plays, for clients to connect to {@code 127.0.0.1:port}. */
    public HotpathTestListener listen(int onPort) {
        return new HotpathTestListener(simulation, simulation.kernel.listenPeer(onPort));
    }

    // ---- time and trouble ---------------------------------------------------------------------------------------

    /** Moves time, in steps of 10 ms, or longer ones if that were more than 5000; what is due within a step happens at its end. */
    public void advanceTime(Duration by) {
        simulation.advanceTimeBy(by);
    }

    /** Runs what can run without time. Only needed after something that the test did past its peers. */
    public void run() {
        simulation.run();
    }

    /** Changes how unkind the kernel is from now on. */
    public void faults(SimFaults faults) {
        simulation.kernel.faults(faults);
    }

    /** Every loop moves to another ring, as if its own were lost; connections must not notice. */
    public void forceUnhealthy() {
        simulation.engines().forEach(Engine::forceUnhealthy);
        run();
    }

    /** The kernel below: more faults, counters, rings that die. */
    public SimKernel kernel() {
        return simulation.kernel;
    }

    // ---- what it is ---------------------------------------------------------------------------------------------

    /** The port that {@link #connect()} connects to. */
    public int port() {
        return port;
    }

    /** The server under test. */
    public BoundServer server() {
        if (servers.isEmpty()) {
            throw new IllegalStateException("this test did not begin with server()");
        }
        return servers.getFirst();
    }

    /** Counters of each loop so far, in the order in which they were opened. */
    public List<EngineStats> stats() {
        return simulation.engines().stream().map(Engine::stats).toList();
    }

    // ---- the end ------------------------------------------------------------------------------------------------

    /**
     * Checks that the application holds no buffer at this moment and that none was used after its release.
     *
     * @throws AssertionError naming what is wrong, and the seed
     */
    public void audit() {
        run();
        simulation.audit(false);
    }

    /**
     * Stops everything in order and checks that all of it is gone: buffers, connections, descriptors. Idempotent.
     *
     * @throws AssertionError naming what is left, and the seed; also if the stream under test has failed
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            simulation.kernel.faults(SimFaults.none());
            servers.forEach(server -> server.disposeLater(STOP_MAX).onErrorComplete().subscribe());
            streams.forEach(Disposable::dispose);
            run();
            simulation.stop(STOP_MAX.plusSeconds(2));
            simulation.audit(true);
            if (streamFailure != null) {
                throw new AssertionError("the stream failed: " + streamFailure, streamFailure);
            }
        } finally {
            simulation.leave();
        }
    }

    // ---- beginning ----------------------------------------------------------------------------------------------

    private void begin(HotpathServer server) {
        @Nullable Throwable[] failure = new Throwable[1];
        server.host("127.0.0.1").port(LISTEN_PORT).bind().subscribe(servers::add, refused -> failure[0] = refused);
        run();
        begun(failure[0], servers.isEmpty());
        port = server().port();
    }

    private void begin(Function<Flux<HotpathEvent>, ? extends Publisher<?>> use) {
        List<Bound> bound = new ArrayList<>();
        Flux<HotpathEvent> events = CompletionStream.listen(LISTEN_PORT).doOnBound(bound::add);
        BaseSubscriber<Object> subscriber = new BaseSubscriber<>() {
            @Override
            protected void hookOnError(Throwable cause) {
                streamFailure = cause;
            }
        };
        use.apply(events).subscribe(subscriber);
        run();
        begun(streamFailure, bound.isEmpty());
        streams.add(bound.getFirst());
        port = bound.getFirst().port();
    }

    private static void begun(@Nullable Throwable failure, boolean missing) {
        if (failure != null || missing) {
            throw new IllegalStateException("it does not listen", failure);
        }
    }

    /**
     * How a test begins. Immutable: each method returns a copy.
     *
     * @param seed   decides everything that is random
     * @param faults how unkind the kernel is
     * @param sizes  changes the sizes and limits that each loop was given
     */
    public record Setup(long seed, SimFaults faults, UnaryOperator<EngineConfig> sizes) {
        /** Another simulation: another order among connections, other splits, other faults. */
        public Setup seed(long value) {
            return new Setup(value, faults, sizes);
        }

        /** See {@link SimFaults#mild()} for some of everything. */
        public Setup faults(SimFaults value) {
            return new Setup(seed, value, sizes);
        }

        /** Receive buffers of each loop, a power of two. Few of them are soon used up ({@code ENOBUFS}). */
        public Setup buffers(int count, int bytes) {
            return new Setup(seed, faults, config -> sizes.apply(config).withBuffers(count, bytes));
        }

        /** Each read gives one byte, the hardest split there is. */
        public Setup oneByteReads() {
            return new Setup(seed, faults,
                    config -> sizes.apply(config).withBuffers(256, 1).withCopyBytesMax(64 << 10));
        }

        /** Each read gives some of the bytes that wait, at random. */
        public Setup randomReads() {
            return faults(faults.withShortRecv(1));
        }

        /** As {@link HotpathTest#server(BiFunction)}. */
        public HotpathTest server(
                BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler) {
            return server(HotpathServer.create().handle(handler));
        }

        /** As {@link HotpathTest#server(HotpathServer)}. */
        public HotpathTest server(HotpathServer server) {
            return begun(test -> test.begin(server));
        }

        /** As {@link HotpathTest#stream}. */
        public HotpathTest stream(Function<Flux<HotpathEvent>, ? extends Publisher<?>> use) {
            return begun(test -> test.begin(use));
        }

        /** As {@link HotpathTest#open}. */
        public HotpathTest open() {
            return begun(test -> {});
        }

        private HotpathTest begun(Consumer<HotpathTest> beginning) {
            HotpathTest test = new HotpathTest(this);
            try {
                beginning.accept(test);
            } catch (Throwable failed) {
                test.simulation.leave();
                throw failed;
            }
            return test;
        }
    }
}
