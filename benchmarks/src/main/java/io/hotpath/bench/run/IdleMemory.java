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
import java.util.concurrent.TimeUnit;

/**
 * What a connection costs that does nothing: growth of the server's resident memory from before the first to when all of them had a
 * message echoed, garbage on the way included. Memory that was touched once stays resident, so each round has a fresh process that
 * served a short echo before.
 */
final class IdleMemory {
    private static final Load WARM = Load.closed(Mode.ECHO, 64, 64, 1);
    private static final long WARM_NANOS = TimeUnit.SECONDS.toNanos(2);
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
        try (RunningContender server = new RunningContender(contender, scenario.workload(), logs)) {
            Generator.run(WARM, server.address(), 0, WARM_NANOS, Window.NONE);
            long before = new Proc(server.pid()).residentBytes();
            ServerWindow window = new ServerWindow(server.pid());
            LoadResult result = Generator.run(
                    scenario.load(), server.address(), timing.settleNanos(), timing.windowNanos(), window);
            long grown = (window.residentBytes() - before) / scenario.load().connections();
            return window.sample(contender.id(), round, result, grown);
        }
    }
}
