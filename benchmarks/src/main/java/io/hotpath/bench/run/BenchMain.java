package io.hotpath.bench.run;

import io.hotpath.bench.Contender;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/** {@code ./hotpath bench}: measures, and writes the result to {@code benchmarks/results}. See docs/performance.md. */
public final class BenchMain {
    private BenchMain() {}

    /** Ends with 1 if nothing could be measured, with 2 if it was called wrongly. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path benchmarks =
                Path.of(System.getProperty("hotpath.home", ".")).resolve("benchmarks").toAbsolutePath().normalize();
        try {
            BenchOptions options = BenchOptions.parse(args);
            if (options.publish().isEmpty()) {
                measure(options, benchmarks);
            } else {
                publish(Path.of(options.publish()), benchmarks.resolveSibling("README.md"),
                        benchmarks.resolveSibling("docs").resolve("performance.md"));
            }
        } catch (IllegalArgumentException wrong) {
            System.err.println("bench: " + wrong.getMessage());
            System.exit(2);
        } catch (IllegalStateException impossible) {
            System.err.println("bench: " + impossible.getMessage());
            System.exit(1);
        }
    }

    private static void measure(BenchOptions options, Path benchmarks) throws IOException, InterruptedException {
        List<Scenario> scenarios = options.scenarios();
        List<Contender> contenders = new Build(benchmarks, System.out).contenders(options);
        if (contenders.isEmpty()) {
            throw new IllegalStateException("there is no server to measure");
        }
        ResultFile file = new ResultFile(benchmarks.resolve("results").resolve(options.fileName() + ".json"));
        Result begun = new Result(
                options.fileName(), LocalDate.now(ZoneOffset.UTC).toString(), revision(benchmarks), Machine.here(),
                options.timing().rounds(), 0, false, List.of(), List.of());
        Cores.pinGenerator(); // from here on the machine seems to have one core
        new Bench(begun, contenders, options.timing(), benchmarks.resolve("target/bench"), System.out, file::write)
                .run(scenarios);
        System.out.println("\nresult: benchmarks/results/" + options.fileName() + ".md");
    }

    private static void publish(Path json, Path readme, Path performance) throws IOException {
        Result result = new ResultFile(json).read();
        Path results = json.toAbsolutePath().resolveSibling("");
        Publisher.publish(result, results, readme, false);
        Publisher.publish(result, results, performance, true);
    }

    private static String revision(Path benchmarks) throws IOException, InterruptedException {
        Process git =
                new ProcessBuilder("git", "describe", "--always", "--dirty").directory(benchmarks.toFile()).start();
        String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return git.waitFor() == 0 ? said : "unknown";
    }
}
