package io.hotpath.bench.load;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.Limits;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts a load on a server and counts what comes back: one engine, turned by the calling thread. Connects everything, runs the load,
 * measures a window of it, lets the rest come back, and closes in order.
 */
public final class Generator implements AutoCloseable {
    /** Connects under way at a time: no more than every server's backlog takes. */
    private static final int CONNECTING_MAX = 64;

    private static final long TURN_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(20);

    /** What was in flight while the window's watcher looked has waited for it, so latencies count a little later. */
    private static final long RIPPLE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /** A kernel's timer may be late by this; an open loop that is nearer to its next message does not sleep. */
    private static final long TIMER_SLACK_NANOS = 100_000;

    /** Longer than any round trip. */
    private static final Duration BUSY_POLL = Duration.ofMillis(1);

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int BUFFERS = 1024;
    private static final int BUFFER_BYTES = 4096;
    private static final int BUFFER_BYTES_MAX = 64 << 10;
    private static final int BUFFERS_MIN = 128;

    private final Load load;
    private final Engine engine;
    private final Tally tally = new Tally();
    private final TurnClock clock = new TurnClock();
    private final Arena arena = Arena.ofConfined();
    private final List<Client> clients;
    private final InetSocketAddress server;
    private @Nullable Pacer pacer;

    private Generator(Load load, InetSocketAddress server) {
        this.load = load;
        this.server = server;
        engine = Engine.open(config(load));
        engine.beforeSend(this::beforeSend);
        clients = new Clients(engine, load, server, tally, clock, arena).make();
    }

    private static EngineConfig config(Load load) {
        int bytes = Math.clamp(powerOfTwo(load.messageBytes()), BUFFER_BYTES, BUFFER_BYTES_MAX);
        int count = Math.max(BUFFERS * BUFFER_BYTES / bytes, BUFFERS_MIN);
        return EngineConfig.DEFAULT.withBuffers(count, bytes)
                .withLimits(Limits.OFF)
                .withBusyPoll(load.busyPolls() ? BUSY_POLL : Duration.ZERO);
    }

    private static int powerOfTwo(int atLeast) {
        return atLeast <= 1 ? 1 : Integer.highestOneBit(atLeast - 1) << 1;
    }

    /**
     * Runs {@code load} for {@code settleNanos} that do not count and {@code windowNanos} that do.
     *
     * @throws LoadException if the server fails it
     */
    public static LoadResult run(
            Load load, InetSocketAddress server, long settleNanos, long windowNanos, Window window) {
        try (Generator generator = new Generator(load, server)) {
            return generator.measure(settleNanos, windowNanos, window);
        }
    }

    private LoadResult measure(long settleNanos, long windowNanos, Window window) {
        connect();
        begin();
        turnFor(settleNanos);
        window.begins();
        clock.passes();
        long start = clock.now();
        tally.begin();
        turnFor(Math.min(RIPPLE_NANOS, windowNanos / 4));
        tally.beginLatencies();
        turnFor(windowNanos - (clock.now() - start));
        long nanos = clock.now() - start;
        window.ends();
        LoadResult result = tally.result(nanos);
        end();
        tally.requireWell();
        return result;
    }

    private void connect() {
        int opened = 0;
        int ready = 0;
        long start = System.nanoTime();
        while (ready < clients.size()) {
            while (opened < clients.size() && opened < ready + CONNECTING_MAX) {
                clients.get(opened++).open(server);
            }
            turn(TURN_NANOS_MAX);
            while (ready < opened && clients.get(ready).ready()) {
                ready++;
            }
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                throw new LoadException("only " + ready + " of " + clients.size() + " connections came to stand");
            }
        }
    }

    private void begin() {
        if (load.ratePerSecond() > 0) {
            List<OpenLoop> loops = clients.stream().map(OpenLoop.class::cast).toList();
            pacer = new Pacer(new Schedule(System.nanoTime(), load.ratePerSecond(), clients.size()), loops);
        }
        clients.forEach(Client::begin);
    }

    private void turnFor(long nanos) {
        long end = clock.now() + nanos;
        for (long left = nanos; left > 0; left = end - clock.now()) {
            turn(Math.min(left, TURN_NANOS_MAX));
        }
    }

    private void turn(long timeoutNanos) {
        Pacer open = pacer;
        if (open == null) {
            engine.run(timeoutNanos);
        } else {
            long until = open.untilNextNanos(System.nanoTime()) - TIMER_SLACK_NANOS;
            engine.run(Math.clamp(until, 0, timeoutNanos));
        }
        tally.requireWell();
    }

    /** Whatever was reported before belongs to the time before. */
    private void beforeSend() {
        clock.passes();
        if (pacer != null) {
            pacer.turn(clock.now());
            clock.passes();
        }
    }

    /** Lets come back what is under way, then closes. */
    private void end() {
        tally.end();
        if (pacer != null) {
            pacer.stop();
        }
        turnUntil(() -> clients.stream().allMatch(Client::quiet));
        clients.forEach(Client::end);
        turnUntil(() -> engine.connections() == 0);
    }

    private void turnUntil(BooleanSupplier done) {
        long start = System.nanoTime();
        while (!done.getAsBoolean()) {
            turn(TURN_NANOS_MAX);
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                throw new LoadException("the server did not answer everything, or did not close");
            }
        }
    }

    @Override
    public void close() {
        engine.close();
        arena.close();
    }
}
