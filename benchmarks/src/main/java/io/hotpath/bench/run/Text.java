package io.hotpath.bench.run;

import java.util.List;
import java.util.Locale;

/** Numbers and table rows as results show them. */
final class Text {
    static final String NOTHING = "–";

    private static final int DIGITS = 3;

    private Text() {}

    /** A ratio with its interval: {@code 1.02 (0.99 – 1.05)}. */
    static String ratio(Spread ratio) {
        return ratio.empty() ? NOTHING
                : String.format(Locale.ROOT, "%.2f (%.2f – %.2f)", ratio.median(), ratio.low(), ratio.high());
    }

    static String median(Spread values) {
        return values.empty() ? NOTHING : number(values.median());
    }

    /** Three digits, more if they stand before the point. */
    static String number(double value) {
        if (value == 0) {
            return "0";
        }
        int before = (int) Math.floor(Math.log10(Math.abs(value))) + 1;
        return String.format(Locale.ROOT, "%,." + Math.clamp(DIGITS - before, 0, DIGITS) + 'f', value);
    }

    static String row(List<String> cells) {
        return "| " + String.join(" | ", cells) + " |\n";
    }

    /** The line under a table's head: the first column to the left, numbers to the right. */
    static String rule(int columns) {
        return "|---|" + "--:|".repeat(columns - 1) + '\n';
    }
}
