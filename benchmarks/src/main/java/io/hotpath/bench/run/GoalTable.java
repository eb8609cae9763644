package io.hotpath.bench.run;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** The project's goals beside what was reached: a row for each that this result can decide. */
final class GoalTable {
    private static final String CORE = "core";
    private static final String C = "c-uring";
    private static final String FEW = "echo-64b-64";
    private static final String MANY = "echo-64b-4096";
    private static final double RATIO_MAX = 1.1;

    /** Bytes per round trip. */
    private static final double ALLOCATED_MAX = 1;

    private final Result result;

    GoalTable(Result result) {
        this.result = result;
    }

    /** Empty if nothing can be decided. */
    String markdown() {
        StringBuilder rows = new StringBuilder();
        for (Measurement measurement : result.measurements()) {
            for (Goal goal : Goal.ALL) {
                if (goal.scenario().equals(measurement.scenario().id())) {
                    row(rows, goal, measurement);
                }
            }
        }
        systemCalls(rows);
        allocation(rows);
        manyConnections(rows);
        List<String> head = List.of("workload", "server", "against", "what", "goal", "reached", "met");
        return rows.isEmpty() ? "" : "\n## Goals\n\n" + Text.row(head) + Text.rule(head.size()) + rows;
    }

    private void row(StringBuilder rows, Goal goal, Measurement measurement) {
        Spread reached = goal.reached(measurement);
        if (reached.empty()) {
            return;
        }
        boolean number = goal.against().isEmpty();
        String sign = goal.metric().higherIsBetter() ? "≥ " : "≤ ";
        rows.append(Text.row(List.of(
                measurement.scenario().title(), title(goal.server()),
                number ? Text.NOTHING : goal.against().stream().map(this::title).collect(Collectors.joining(", ")),
                goal.metric().word(),
                sign + (number ? Text.number(goal.limit()) : String.format(Locale.ROOT, "%.2f", goal.limit())),
                number ? Text.number(reached.median()) : Text.ratio(reached),
                goal.met(reached) ? "yes" : "no")));
    }

    // ---- what is not a median of ratios of one scenario ---------------------------------------------------------

    private void systemCalls(StringBuilder rows) {
        extra(FEW, CORE).map(Extra::systemCalls).filter(OptionalDouble::isPresent).ifPresent(
                core -> extra(FEW, C).map(Extra::systemCalls).filter(OptionalDouble::isPresent).ifPresent(c -> derived(
                        rows, FEW, title(C), "system calls", RATIO_MAX, core.getAsDouble() / c.getAsDouble())));
    }

    private void allocation(StringBuilder rows) {
        extra(FEW, CORE).map(Extra::allocatedBytes).filter(OptionalDouble::isPresent).ifPresent(bytes -> derived(
                rows, FEW, Text.NOTHING, "allocated bytes", ALLOCATED_MAX, bytes.getAsDouble()));
    }

    /** How the cost of a message grows with the connections, against how it grows elsewhere. */
    private void manyConnections(StringBuilder rows) {
        double few = ratioToC(FEW);
        double many = ratioToC(MANY);
        if (Double.isFinite(few) && Double.isFinite(many)) {
            derived(rows, MANY, title(C), "CPU, against that of 64", RATIO_MAX, many / few);
        }
    }

    private double ratioToC(String scenario) {
        return measurement(scenario).map(found -> found.ratio(CORE, C, Metric.CPU).median()).orElse(Double.NaN);
    }

    private void derived(StringBuilder rows, String scenario, String against, String what, double limit,
            double reached) {
        String title = measurement(scenario).orElseThrow().scenario().title();
        rows.append(Text.row(List.of(
                title, title(CORE), against, what, String.format(Locale.ROOT, "≤ %.2f", limit),
                String.format(Locale.ROOT, "%.2f", reached), reached <= limit ? "yes" : "no")));
    }

    private Optional<Extra> extra(String scenario, String server) {
        return measurement(scenario).stream().flatMap(found -> found.extras().stream())
                .filter(extra -> extra.contender().equals(server))
                .findFirst();
    }

    private Optional<Measurement> measurement(String scenario) {
        return result.measurements().stream().filter(each -> each.scenario().id().equals(scenario)).findFirst();
    }

    private String title(String id) {
        return result.server(id).map(ServerFacts::title).orElse(id);
    }
}
