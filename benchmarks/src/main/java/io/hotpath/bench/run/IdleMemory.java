package io.hotpath.bench.run;

import io.hotpath.bench.Contender;
import io.hotpath.bench.load.Generator;
import io.hotpath.bench.load.Load;
import io.hotpath.bench.load.LoadResult;
import io.hotpath.bench.load.Mode;
import io.hotpath.bench.load.Window;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What a connection costs that does nothing: growth of the server's resident memory from before the first to when all of them had a
 * message echoed, garbage on the way included. Memory that was touched once stays resident, so each round has a fresh process that
 * served a short echo before. What a JVM's compilers took and gave back would be megabytes of noise: they are quiet before, then
 * and after the last connection everybody has some rest, in which free memory goes back to the system.
 */
final class IdleMemory {
    private static final Load WARM = Load.closed(Mode.ECHO, 64, 64, 1);

    /** A JVM looks every five seconds for memory of its compilers to return. */
    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(7);

    private static final Map<String, String> RETURNS_MEMORY =
            Map.of("JAVA_TOOL_OPTIONS", "-XX:TrimNativeHeapInterval=500");
    private static final int ROUNDS_MAX = 3;

    private IdleMemory() {}

    static Measurement measure(Scenario scenario, List<Contender> contenders, Timing timing, Path logs)
            throws IOException {
        List<Sample> samples = new ArrayList<>();
        List<Failure> failures = new ArrayList<>();
        List<Contender> active = new ArrayList<>(contenders);
        for (int round = 0; round < Math.min(timing.rounds(), ROUNDS_MAX); round++) {
            for (Contender contender : List.copyOf(active)) {
                try {
                    samples.add(sample(scenario, contender, round, timing, logs));
                } catch (IllegalStateException failed) {
                    failures.add(new Failure(contender.id(), String.valueOf(failed.getMessage())));
                    active.remove(contender);
                }
            }
        }
        return new Measurement(scenario, samples, List.of(), failures);
    }

    private static Sample sample(Scenario scenario, Contender contender, int round, Timing timing, Path logs)
            throws IOException {
        try (RunningContender server = new RunningContender(contender, scenario.workload(), logs, RETURNS_MEMORY)) {
            WarmUp.run(
                    server.pid(), () -> Generator.run(WARM, server.address(), 0, WarmUp.WINDOW_NANOS, Window.NONE));
            LockSupport.parkNanos(REST_NANOS);
            long before = new Proc(server.pid()).residentBytes();
            ServerWindow window = new ServerWindow(server.pid());
            LoadResult result = Generator.run(
                    scenario.load(), server.address(), REST_NANOS, timing.windowNanos(), window);
            long grown = (window.residentBytes() - before) / scenario.load().connections();
            return window.sample(contender.id(), round, result, grown);
        }
    }
}
