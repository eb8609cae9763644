package io.hotpath.bench.run;

import io.hotpath.bench.Contender;
import io.hotpath.bench.Workload;
import io.hotpath.bench.load.Mode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Measures scenario after scenario, and hands over what is there after each. */
final class Bench {
    private final Result begun;
    private final List<Contender> contenders;
    private final Timing timing;
    private final Path logs;
    private final PrintStream progress;
    private final Consumer<Result> save;
    private final List<Measurement> measurements = new ArrayList<>();
    private final Map<String, ServerFacts> facts = new LinkedHashMap<>();

    /**
     * @param begun a result without measurements
     * @param save  takes the result as far as it is there
     */
    Bench(Result begun, List<Contender> contenders, Timing timing, Path logs, PrintStream progress,
            Consumer<Result> save) {
        this.begun = begun;
        this.contenders = contenders;
        this.timing = timing;
        this.logs = logs;
        this.progress = progress;
        this.save = save;
        for (Contender contender : contenders) {
            facts.put(contender.id(),
                    new ServerFacts(contender.id(), contender.title(), contender.inShortForm(), List.of()));
        }
    }

    Result run(List<Scenario> scenarios) throws IOException {
        for (Workload workload : Workload.values()) {
            List<Contender> able = contenders.stream().filter(c -> c.workloads().contains(workload)).toList();
            List<Scenario> ofIt = scenarios.stream().filter(scenario -> scenario.workload() == workload).toList();
            sideBySide(able, workload, ofIt.stream().filter(scenario -> !idle(scenario)).toList());
            for (Scenario scenario : ofIt.stream().filter(Bench::idle).toList()) {
                measured(IdleMemory.measure(scenario, able, timing, logs));
            }
        }
        Result result = result(true);
        save.accept(result);
        return result;
    }

    private static boolean idle(Scenario scenario) {
        return scenario.load().mode() == Mode.IDLE;
    }

    private void sideBySide(List<Contender> able, Workload workload, List<Scenario> scenarios)
            throws IOException {
        if (scenarios.isEmpty() || able.isEmpty()) {
            return;
        }
        progress.println("starting " + able.size() + " servers: " + workload.word());
        try (SideBySide servers = new SideBySide(able, workload, logs)) {
            servers.servers().forEach(this::describe);
            for (Scenario scenario : scenarios) {
                measured(new Turns(scenario, servers, timing).run());
            }
        }
    }

    private void describe(RunningContender server) {
        facts.computeIfPresent(server.contender().id(), (id, known) -> new ServerFacts(
                id, known.title(), known.inShortForm(),
                Stream.concat(known.describe().stream(), server.describe().stream()).distinct().toList()));
    }

    private void measured(Measurement measurement) {
        measurements.add(measurement);
        Result result = result(false);
        save.accept(result);
        progress.println(new Report(result).lines(measurement));
    }

    private Result result(boolean complete) {
        return new Result(
                begun.name(), begun.date(), begun.revision(), begun.machine(), timing.rounds(),
                timing.windowNanos() / 1e9, complete, List.copyOf(facts.values()), List.copyOf(measurements));
    }
}
