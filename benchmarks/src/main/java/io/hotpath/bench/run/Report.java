package io.hotpath.bench.run;

import io.hotpath.bench.load.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** A result as Markdown. */
final class Report {
    private static final String HOW_TO_READ = """
            Ratios are medians of the ratios of each round, in brackets their intervals: the true median is inside with at least
            95 % confidence (below 6 rounds: lowest and highest). CPU is the CPU time of the server's whole process per message;
            lower is better. Context switches, system calls and allocated bytes are per message too, the latter two from a window
            of their own. Where the generator is busy nearly all the time (1.00) it limits the rate, and the server's CPU says more.
            """;

    private final Result result;

    Report(Result result) {
        this.result = result;
    }

    String markdown() {
        StringBuilder text = new StringBuilder("# ").append(result.name()).append("\n\n");
        text.append(caption()).append("\n\n");
        if (!result.complete()) {
            text.append("**Not complete**: the run is going on, or was given up.\n\n");
        }
        text.append(HOW_TO_READ).append('\n');
        text.append(new RatioTable(result).markdown());
        text.append("\n![Server CPU per message](").append(result.name()).append(".svg)\n");
        for (Measurement measurement : result.measurements()) {
            text.append("\n## ").append(measurement.scenario().title()).append("\n\n").append(table(measurement));
        }
        text.append(pairs()).append(new GoalTable(result).markdown()).append(servers());
        return text.toString();
    }

    /** One line: where, when and how. */
    String caption() {
        return result.date() + ", revision " + result.revision() + ": " + result.machine()
                + ", loopback; one event loop pinned to core 0, the load generator to core 1; "
                + result.rounds() + " interleaved rounds of " + Text.number(1000 * result.seconds())
                + " ms. JVM flags: "
                + result.machine().flags() + '.';
    }

    /** A scenario as it stands in the result, for whoever waits. */
    String lines(Measurement measurement) {
        return '\n' + measurement.scenario().title() + '\n' + table(measurement);
    }

    private String table(Measurement measurement) {
        boolean idle = measurement.scenario().load().mode() == Mode.IDLE;
        StringBuilder text = new StringBuilder(idle ? memory(measurement) : messages(measurement));
        for (Failure failure : measurement.failures()) {
            text.append("\nNot measured: ").append(failure.contender()).append(", ").append(failure.reason())
                    .append(".\n");
        }
        return text.toString();
    }

    private List<ServerFacts> present(Measurement measurement) {
        return result.servers().stream().filter(server -> !measurement.of(server.id()).isEmpty()).toList();
    }

    private String memory(Measurement measurement) {
        StringBuilder text = new StringBuilder(Text.row(List.of("server", "resident bytes per connection")));
        text.append(Text.rule(2));
        for (ServerFacts server : present(measurement)) {
            text.append(Text.row(List.of(
                    server.title(), Text.median(measurement.median(server.id(), Metric.MEMORY)))));
        }
        return text.toString();
    }

    private String messages(Measurement measurement) {
        boolean sink = measurement.scenario().load().mode() == Mode.SINK;
        Metric rate = sink ? Metric.THROUGHPUT : Metric.RATE;
        List<String> head = List.of(
                "server", "CPU, ns", "CPU ratio", sink ? "MB/s" : "rate, /s", "rate ratio", "p50, µs", "p99, µs",
                "p99.9, µs", "switches", "system calls", "allocated, B", "generator busy");
        StringBuilder text = new StringBuilder(Text.row(head)).append(Text.rule(head.size()));
        for (ServerFacts server : present(measurement)) {
            String id = server.id();
            List<String> cells = new ArrayList<>(List.of(
                    server.title(), Text.median(measurement.median(id, Metric.CPU)),
                    ratio(measurement, id, Metric.CPU), Text.median(measurement.median(id, rate)),
                    ratio(measurement, id, rate)));
            for (Metric metric : List.of(Metric.P50, Metric.P99, Metric.P999, Metric.SWITCHES)) {
                cells.add(Text.median(measurement.median(id, metric)));
            }
            cells.add(extra(measurement, id, true));
            cells.add(extra(measurement, id, false));
            cells.add(Text.median(measurement.median(id, Metric.GENERATOR)));
            text.append(Text.row(cells));
        }
        return text.toString();
    }

    private String ratio(Measurement measurement, String id, Metric metric) {
        return result.reference()
                .filter(reference -> !reference.id().equals(id))
                .map(reference -> Text.ratio(measurement.ratio(id, reference.id(), metric)))
                .orElse(Text.NOTHING);
    }

    private static String extra(Measurement measurement, String id, boolean calls) {
        OptionalDouble value = measurement.extras().stream()
                .filter(extra -> extra.contender().equals(id))
                .map(extra -> calls ? extra.systemCalls() : extra.allocatedBytes())
                .findFirst()
                .orElse(OptionalDouble.empty());
        return value.isEmpty() ? Text.NOTHING : Text.number(value.getAsDouble());
    }

    private String pairs() {
        List<String> head = List.of("workload", "server", "against", "CPU ratio", "rate ratio", "p50 ratio");
        StringBuilder rows = new StringBuilder();
        for (Measurement measurement : result.measurements()) {
            if (measurement.scenario().load().mode() == Mode.IDLE) {
                continue;
            }
            for (Pair pair : Pair.ALL) {
                Spread cpu = measurement.ratio(pair.server(), pair.against(), Metric.CPU);
                if (!cpu.empty()) {
                    rows.append(Text.row(List.of(
                            measurement.scenario().title(), title(pair.server()), title(pair.against()),
                            Text.ratio(cpu),
                            Text.ratio(measurement.ratio(pair.server(), pair.against(), Metric.RATE)),
                            Text.ratio(measurement.ratio(pair.server(), pair.against(), Metric.P50)))));
                }
            }
        }
        return rows.isEmpty() ? ""
                : "\n## Against its peers\n\n" + Text.row(head) + Text.rule(head.size()) + rows;
    }

    private String title(String id) {
        return result.server(id).map(ServerFacts::title).orElse(id);
    }

    private String servers() {
        StringBuilder text = new StringBuilder("\n## What the servers said of themselves\n\n");
        for (ServerFacts server : result.servers()) {
            text.append("- ").append(server.title()).append(" (`").append(server.id()).append("`): ");
            text.append(server.describe().isEmpty() ? "nothing" : '`' + String.join("`, `", server.describe()) + '`');
            text.append('\n');
        }
        return text.toString();
    }
}
