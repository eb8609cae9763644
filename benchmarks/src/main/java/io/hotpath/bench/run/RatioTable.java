package io.hotpath.bench.run;

import io.hotpath.bench.load.Mode;
import java.util.ArrayList;
import java.util.List;

/** Server CPU per message against the reference: a row per scenario, a column per server of the short form. */
final class RatioTable {
    private final Result result;

    RatioTable(Result result) {
        this.result = result;
    }

    /** The table; empty if the reference was not measured. */
    String markdown() {
        List<ServerFacts> columns = result.servers().stream().filter(ServerFacts::inShortForm).toList();
        ServerFacts reference = result.reference().orElse(null);
        if (reference == null || columns.size() < 2 || !columns.getFirst().equals(reference)) {
            return "";
        }
        List<String> head = new ArrayList<>(List.of("server CPU per message", reference.title() + ", ns"));
        columns.stream().skip(1).map(ServerFacts::title).forEach(head::add);
        StringBuilder text = new StringBuilder(Text.row(head)).append(Text.rule(head.size()));
        for (Measurement measurement : result.measurements()) {
            if (measurement.scenario().load().mode() == Mode.IDLE) {
                continue;
            }
            List<String> cells = new ArrayList<>(List.of(
                    measurement.scenario().title(), Text.median(measurement.median(reference.id(), Metric.CPU))));
            for (ServerFacts server : columns.subList(1, columns.size())) {
                cells.add(Text.ratio(measurement.ratio(server.id(), reference.id(), Metric.CPU)));
            }
            text.append(Text.row(cells));
        }
        return text.toString();
    }
}
