package io.hotpath.bench.run;

import io.hotpath.bench.Arguments;
import io.hotpath.bench.Contender;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code ./hotpath bench}: what is measured, and how long. */
record BenchOptions(
        boolean full, Timing timing, List<String> only, List<String> workloads, boolean verify, String name,
        String publish) {
    private static final String DEFAULT = "";
    private static final String SHORT_SECONDS = "0.5";
    private static final String FULL_SECONDS = "1";
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(150);

    static BenchOptions parse(String[] args) {
        Arguments given = new Arguments("bench", Map.of(
                "--full", Arguments.NO, "--rounds", "8", "--seconds", DEFAULT, "--only", DEFAULT,
                "--workload", DEFAULT, "--verify", Arguments.NO, "--name", DEFAULT, "--publish", DEFAULT), args);
        boolean full = given.flag("--full");
        Timing timing = new Timing(given.number("--rounds"), SETTLE_NANOS, windowNanos(given, full));
        if (timing.rounds() == 0) {
            throw given.wrong("--rounds is 0, must be at least 1");
        }
        String name = given.text("--name");
        return new BenchOptions(
                full, timing, list(given.text("--only")), list(given.text("--workload")), given.flag("--verify"),
                name.isEmpty() ? full ? "full" : "short" : name, given.text("--publish"));
    }

    private static long windowNanos(Arguments given, boolean full) {
        String text = given.text("--seconds");
        if (text.isEmpty()) {
            text = full ? FULL_SECONDS : SHORT_SECONDS;
        }
        try {
            long nanos = Math.round(1e9 * Double.parseDouble(text));
            if (nanos > 0) {
                return nanos;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw given.wrong("--seconds is " + text + ", must be a number above 0");
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(",")).filter(word -> !word.isBlank()).map(String::strip).toList();
    }

    /** The contenders to run, as in the catalog. */
    List<Contender> contenders(List<Contender> all) {
        List<String> known = all.stream().map(Contender::id).toList();
        for (String id : only) {
            if (!known.contains(id)) {
                throw new IllegalArgumentException("--only has " + id + ", there are " + String.join(",", known));
            }
        }
        return all.stream()
                .filter(contender -> only.isEmpty() ? full || contender.inShortForm() : only.contains(contender.id()))
                .toList();
    }

    /** The scenarios to measure; a word of {@code --workload} takes all that begin with it. */
    List<Scenario> scenarios() {
        List<Scenario> chosen = Scenarios.all().stream()
                .filter(scenario -> workloads.isEmpty() ? full || scenario.inShortForm()
                        : workloads.stream().anyMatch(scenario.id()::startsWith))
                .map(scenario -> verify ? scenario.verified() : scenario)
                .toList();
        if (chosen.isEmpty()) {
            List<String> known = Scenarios.all().stream().map(Scenario::id).toList();
            throw new IllegalArgumentException(
                    "--workload has " + String.join(",", workloads) + ", there are " + String.join(",", known));
        }
        return chosen;
    }

    /** The name of the result's files, without an ending. */
    String fileName() {
        return LocalDate.now(ZoneOffset.UTC) + "-" + name;
    }
}
