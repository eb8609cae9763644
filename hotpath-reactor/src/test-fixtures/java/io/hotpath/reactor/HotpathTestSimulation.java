package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import io.hotpath.kernel.sim.SimPeer;
import io.hotpath.kernel.sim.SimRing;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

/** The loops, the peers and the time of a {@link HotpathTest}, turned until nothing is left to do. */
final class HotpathTestSimulation {
    /** Heap bytes on their way out need no more in a simulation; the memory is real, and cleared. */
    private static final long COPY_BYTES_MAX = 4 << 20;

    private static final int STEPS_MAX = 5000;
    private static final long STEP_MILLIS = 10;
    private static final int ROUNDS_MAX = 100_000;

    /** Rounds without news after which there are none, if the kernel is kind. */
    private static final int QUIET_ROUNDS = 3;

    /** Set by who opens, taken back by who leaves; pairs with the schedulers, which are global too. */
    private static final AtomicReference<@Nullable Thread> OPEN = new AtomicReference<>();

    /** Loop code must not block, but {@code StepVerifier} may, in the same thread. */
    private static volatile @Nullable Thread turning;

    static {
        Schedulers.registerNonBlockingThreadPredicate(thread -> thread.equals(turning));
    }

    final SimKernel kernel;

    private final HotpathTest.Setup setup;
    private final Clock clock = new Clock();
    private final ArrayDeque<EngineLoop> starting = new ArrayDeque<>();
    private final List<EngineLoop> loops = new ArrayList<>();
    private final List<Engine> engines = new ArrayList<>();
    private final List<HotpathTestPeer> peers = new ArrayList<>();
    private boolean running;

    HotpathTestSimulation(HotpathTest.Setup setup) {
        this.setup = setup;
        kernel = SimKernel.create(setup.seed(), setup.faults());
        Thread other = OPEN.compareAndExchange(null, Thread.currentThread());
        if (other != null) {
            throw new IllegalStateException("one HotpathTest at a time: thread '" + other.getName()
                    + "' has one open; tests that use it cannot run in parallel");
        }
        HotpathThread.SIMULATION.set(starting::add);
        VirtualTimeScheduler.set(clock);
    }

    void leave() {
        HotpathThread.SIMULATION.remove();
        VirtualTimeScheduler.reset();
        OPEN.set(null);
    }

    HotpathTestPeer add(SimPeer peer) {
        HotpathTestPeer own = new HotpathTestPeer(this, peer);
        peers.add(own);
        return own;
    }

    List<Engine> engines() {
        return List.copyOf(engines);
    }

    // ---- turning ------------------------------------------------------------------------------------------------

    /** Turns everything until nothing is left to do; of no effect inside of it. */
    void run() {
        if (running) {
            return;
        }
        if (Thread.currentThread() != OPEN.get()) {
            throw new IllegalStateException("a HotpathTest is used by the thread that opened it");
        }
        running = true;
        try {
            untilQuiet();
        } finally {
            running = false;
        }
    }

    private void untilQuiet() {
        int quiet = 0;
        long last = -1;
        for (int round = 0; quiet < quietRounds(); round++) {
            if (round == ROUNDS_MAX) {
                throw new AssertionError("it never comes to rest: " + stats() + "; " + kernel);
            }
            turnLoops();
            boolean read = false;
            for (HotpathTestPeer peer : List.copyOf(peers)) {
                read |= peer.emit();
            }
            long now = news();
            quiet = read || now != last || !starting.isEmpty() ? 0 : quiet + 1;
            last = now;
        }
    }

    private int quietRounds() {
        SimFaults faults = kernel.faults();
        double idle = Math.max(faults.refusedEnter(), faults.interruptedEnter());
        int refused = idle == 0 ? 0 : (int) Math.ceil(Math.log(1e-9) / Math.log(idle)); // all of them: one in a billion
        return QUIET_ROUNDS + faults.delayTurnsMax() + refused;
    }

    private void turnLoops() {
        turning = Thread.currentThread();
        try {
            for (EngineLoop loop = starting.poll(); loop != null; loop = starting.poll()) {
                loops.add(loop);
                loop.open(this::open);
            }
            for (EngineLoop loop : List.copyOf(loops)) {
                if (!loop.turn(SimRing.TURN_NANOS)) {
                    loops.remove(loop);
                }
            }
        } finally {
            turning = null;
        }
    }

    private Engine open(EngineConfig config) {
        EngineConfig sized = setup.sizes().apply(config);
        Engine engine =
                Engine.open(kernel, sized.withCopyBytesMax(Math.min(sized.copyBytesMax(), COPY_BYTES_MAX)));
        engines.add(engine);
        return engine;
    }

    /** Changes whenever something happens. */
    private long news() {
        long sum = loops.size();
        for (Engine engine : engines) {
            EngineStats stats = engine.stats();
            sum += stats.submissions() + stats.completions() + stats.bytesIn() + stats.bytesOut() + stats.failovers();
        }
        return sum;
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    void advanceTimeBy(Duration by) {
        clock.advanceTimeBy(by);
    }

    private void advance(Duration by) {
        if (by.isNegative()) {
            throw new IllegalArgumentException("time moves forward only, not by " + by);
        }
        long nanos = by.toNanos();
        int steps = Math.clamp(by.toMillis() / STEP_MILLIS, 1, STEPS_MAX);
        for (int i = 0; i < steps; i++) {
            long step = nanos / steps + (i == 0 ? nanos % steps : 0);
            kernel.advance(step);
            clock.superAdvance(Duration.ofNanos(step));
            run();
        }
    }

    /** Reactor's time and the kernel's are one. */
    private final class Clock extends VirtualTimeScheduler {
        Clock() {
            super(false);
        }

        @Override
        public void advanceTimeBy(Duration by) {
            advance(by);
        }

        void superAdvance(Duration by) {
            super.advanceTimeBy(by);
        }
    }

    // ---- the end ------------------------------------------------------------------------------------------------

    /** Lets everything end in its time, and ends what did not. */
    void stop(Duration max) {
        int seconds = 0;
        while (!loops.isEmpty() && seconds++ < max.toSeconds()) {
            advanceTimeBy(Duration.ofSeconds(1));
        }
        List.copyOf(loops).forEach(EngineLoop::stop);
        run();
    }

    private List<EngineStats> stats() {
        return engines.stream().map(Engine::stats).toList();
    }

    void audit(boolean over) {
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < engines.size(); i++) {
            EngineStats stats = engines.get(i).stats();
            String loop = " (loop " + i + ")";
            check(wrong, "buffers that nobody released" + loop, stats.leasesHeld());
            check(wrong, "buffers that were used after their release" + loop, stats.staleLeases());
            check(wrong, "completions without an owner" + loop, stats.staleCompletions());
            check(wrong, "impossible errors" + loop, stats.unexpectedErrnos());
            if (over) {
                check(wrong, "copy buffers in use" + loop, stats.copiesHeld());
                check(wrong, "connections" + loop, stats.connections());
            }
        }
        if (over) {
            check(wrong, "loops that did not end", loops.size());
            check(wrong, "open descriptors", kernel.openDescriptors() - kernel.counters().lostAccepts());
        }
        if (!wrong.isEmpty()) {
            throw new AssertionError("left at the end: " + String.join(", ", wrong) + "; " + kernel);
        }
    }

    private static void check(List<String> wrong, String what, long count) {
        if (count != 0) {
            wrong.add(count + " " + what);
        }
    }
}
