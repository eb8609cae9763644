package io.hotpath.bench.run;

import io.hotpath.bench.load.Mode;
import java.util.List;
import java.util.Locale;

/** A result as SVG: a panel per scenario, a bar per server with its interval, a line where the reference is. */
final class Chart {
    private static final int WIDTH = 860;
    private static final int LEFT = 260;
    private static final int RIGHT = 110;
    private static final int BAR = 14;
    private static final int STEP = 20;
    private static final int HEAD = 34;
    private static final int CAPTION = 56;

    private final Result result;
    private final StringBuilder svg = new StringBuilder();
    private int y = CAPTION;

    Chart(Result result) {
        this.result = result;
    }

    String svg() {
        result.reference().ifPresent(
                reference -> result.measurements().forEach(measurement -> panel(measurement, reference)));
        String machine = result.date() + ", " + result.machine();
        return String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" \
                font-family="sans-serif" font-size="12" fill="#222">
                <rect width="100%%" height="100%%" fill="#fff"/>
                <text x="10" y="20" font-size="15">%s: medians and their intervals</text>
                <text x="10" y="38" fill="#666">%s, %d rounds of %s ms</text>
                """, WIDTH, y + 10, WIDTH, y + 10, escaped(result.name()), escaped(machine), result.rounds(),
                Text.number(1000 * result.seconds())) + svg + "</svg>\n";
    }

    private void panel(Measurement measurement, ServerFacts reference) {
        boolean idle = measurement.scenario().load().mode() == Mode.IDLE;
        List<Bar> bars = result.servers().stream()
                .map(server -> new Bar(server, idle ? measurement.median(server.id(), Metric.MEMORY)
                        : measurement.ratio(server.id(), reference.id(), Metric.CPU)))
                .filter(bar -> !bar.value.empty())
                .toList();
        if (bars.isEmpty()) {
            return;
        }
        double most = Math.max(bars.stream().mapToDouble(bar -> bar.value.high()).max().orElse(1), 1);
        double scale = (WIDTH - LEFT - RIGHT) / most;
        text(10, y + 22, "start", "13", measurement.scenario().title()
                + (idle ? ": resident bytes per connection"
                        : ": server CPU per message, " + reference.title() + " = 1"));
        y += HEAD;
        int top = y;
        for (Bar bar : bars) {
            bar(bar, scale, idle);
        }
        if (!idle) {
            line(LEFT + scale, top - 2, LEFT + scale, y - 4, "#c33");
        }
    }

    /** A server's value. */
    private record Bar(ServerFacts server, Spread value) {
        String color() {
            return server.title().contains("Hotpath") ? "#2a7ab8" : "#b8b8b8";
        }
    }

    private void bar(Bar bar, double scale, boolean idle) {
        Spread value = bar.value;
        int middle = y + BAR / 2;
        text(LEFT - 8, middle + 4, "end", "12", bar.server.title());
        svg.append(String.format(
                Locale.ROOT, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n", LEFT, y,
                Math.max(value.median(), 0) * scale, BAR, bar.color()));
        line(LEFT + value.low() * scale, middle, LEFT + value.high() * scale, middle, "#222");
        for (double end : List.of(value.low(), value.high())) {
            line(LEFT + end * scale, middle - 4, LEFT + end * scale, middle + 4, "#222");
        }
        double right = LEFT + Math.max(value.high(), value.median()) * scale + 6;
        text(right, middle + 4, "start", "12",
                idle ? Text.number(value.median()) : String.format(Locale.ROOT, "%.2f", value.median()));
        y += STEP;
    }

    private void text(double x, int baseline, String anchor, String size, String text) {
        svg.append(String.format(
                Locale.ROOT, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\" font-size=\"%s\">%s</text>%n", x, baseline,
                anchor, size, escaped(text)));
    }

    private void line(double x1, int y1, double x2, int y2, String color) {
        svg.append(String.format(
                Locale.ROOT, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"%s\"/>%n", x1, y1, x2, y2,
                color));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
