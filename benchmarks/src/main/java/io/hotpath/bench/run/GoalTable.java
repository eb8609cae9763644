package io.hotpath.bench.run;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The project's goals beside what was reached: a row for each that this result can decide. */
final class GoalTable {
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

    private String title(String id) {
        return result.server(id).map(ServerFacts::title).orElse(id);
    }
}
