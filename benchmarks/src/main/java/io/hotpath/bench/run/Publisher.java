package io.hotpath.bench.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Puts the table of a result between the markers of a page, so that no page has numbers that nobody measured. */
final class Publisher {
    private static final String BEGIN = "<!-- bench: made by ./hotpath bench --publish, do not edit -->\n";
    private static final String END = "<!-- end of bench -->";

    private Publisher() {}

    /**
     * Replaces what is between the markers of {@code page}.
     *
     * @param results where the result's files are
     * @param chart   whether the page shows the chart too
     * @throws IllegalArgumentException if the page has no markers
     */
    static void publish(Result result, Path results, Path page, boolean chart) throws IOException {
        Path from = page.toAbsolutePath().normalize().resolveSibling("");
        String link = from.relativize(results.toAbsolutePath().normalize()).resolve(result.name()).toString();
        String table = new RatioTable(result).markdown() + '\n' + new Report(result).caption() + '\n'
                + "Everything measured: [" + result.name() + "](" + link + ".md).\n"
                + (chart ? "\n![Server CPU per message](" + link + ".svg)\n" : "");
        Files.writeString(page, replaced(Files.readString(page), table));
    }

    /** {@code page} with {@code table} between its markers. */
    static String replaced(String page, String table) {
        Matcher markers =
                Pattern.compile(Pattern.quote(BEGIN) + ".*?" + Pattern.quote(END), Pattern.DOTALL).matcher(page);
        if (!markers.find()) {
            throw new IllegalArgumentException("the page has no line " + BEGIN.strip() + " or no end of it");
        }
        return page.substring(0, markers.start()) + BEGIN + table + END + page.substring(markers.end());
    }
}
