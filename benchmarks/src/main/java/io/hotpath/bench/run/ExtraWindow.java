package io.hotpath.bench.run;

import io.hotpath.bench.load.Generator;
import io.hotpath.bench.load.Load;
import io.hotpath.bench.load.LoadResult;
import io.hotpath.bench.load.Window;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** A window of its own for what disturbs a server: counting its system calls, asking it what it has allocated. */
final class ExtraWindow implements Window {
    private static final String ALLOCATED = "allocated";

    /** How many messages share a system call changes from one moment to the next. */
    private static final long NANOS_MIN = TimeUnit.SECONDS.toNanos(1);

    private final RunningContender server;
    private SystemCalls counter = SystemCalls.NONE;
    private OptionalLong calls = OptionalLong.empty();
    private OptionalLong before = OptionalLong.empty();
    private long allocated;

    private ExtraWindow(RunningContender server) {
        this.server = server;
    }

    /** @throws IllegalStateException if the server fails under the load */
    static Extra measure(RunningContender server, Load load, Timing timing) {
        ExtraWindow window = new ExtraWindow(server);
        try {
            long nanos = Math.max(timing.windowNanos(), NANOS_MIN);
            LoadResult result = Generator.run(load, server.address(), timing.settleNanos(), nanos, window);
            return window.extra(result.messages());
        } finally {
            window.counter.count();
        }
    }

    @Override
    public void begins() {
        allocatedBytes(); // the first answer loads classes
        long first = allocatedBytes().orElse(0);
        before = allocatedBytes();
        allocated = -before.orElse(0) - (before.orElse(0) - first); // without what the answer itself costs
        counter = SystemCalls.of(server.pid());
    }

    @Override
    public void ends() {
        calls = counter.count();
        allocated += allocatedBytes().orElse(0);
    }

    private OptionalLong allocatedBytes() {
        try {
            Map<String, Long> stats = server.stats();
            return stats.containsKey(ALLOCATED) ? OptionalLong.of(stats.get(ALLOCATED)) : OptionalLong.empty();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private Extra extra(long messages) {
        return new Extra(
                server.contender().id(),
                before.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of((double) allocated / messages),
                calls.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of((double) calls.getAsLong() / messages));
    }
}
