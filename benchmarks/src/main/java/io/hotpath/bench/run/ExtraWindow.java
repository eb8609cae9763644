package io.hotpath.bench.run;

import io.hotpath.bench.load.Generator;
import io.hotpath.bench.load.Load;
import io.hotpath.bench.load.Window;
import java.io.IOException;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** A window of its own for what disturbs a server: counting its system calls, asking it what it has allocated. */
final class ExtraWindow {
    private static final String ALLOCATED = "allocated";

    private ExtraWindow() {}

    /** @throws IllegalStateException if the server fails under the load */
    static Extra run(RunningContender server, Load load, Timing timing) throws IOException, InterruptedException {
        Map<String, Long> first = server.stats();
        Map<String, Long> before = server.stats();
        long asking = allocated(before) - allocated(first); // what an answer costs

        SystemCalls counter = SystemCalls.of(server.pid());
        long messages;
        OptionalLong calls;
        try {
            messages = Generator.run(load, server.address(), 0, timing.windowNanos(), Window.NONE).messagesInAll();
        } finally {
            calls = counter.count();
        }
        long bytes = allocated(server.stats()) - allocated(before) - asking;
        return new Extra(
                server.contender().id(),
                before.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of((double) bytes / messages),
                calls.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of((double) calls.getAsLong() / messages));
    }

    private static long allocated(Map<String, Long> stats) {
        return stats.getOrDefault(ALLOCATED, 0L);
    }
}
