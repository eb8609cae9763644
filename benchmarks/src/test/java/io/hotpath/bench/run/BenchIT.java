package io.hotpath.bench.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.bench.Catalog;
import io.hotpath.bench.Contender;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole bench on our own server, for a moment. What it measures is not looked at, only that it does. */
class BenchIT {
    @TempDir Path directory;

    @Test
    void measuresAServerAndSavesAfterEachScenario() throws Exception {
        BenchOptions options = BenchOptions.parse(new String[]{
            "--only", "core-epoll", "--rounds", "1", "--seconds", "0.3", "--verify", "--workload",
            "echo-64k,open,churn,sink,http-64x16"});
        List<Contender> contenders = options.contenders(new Catalog(directory).contenders());
        Result begun = new Result(
                "bench-it", "2026-01-31", "none", Machine.here(), 1, 0, false, List.of(), List.of());
        List<Result> saved = new ArrayList<>();
        PrintStream quiet = new PrintStream(OutputStream.nullOutputStream());

        Result result =
                new Bench(begun, contenders, options.timing(), directory, quiet, saved::add).run(options.scenarios());

        assertThat(result.complete()).isTrue();
        assertThat(result.measurements()).hasSize(options.scenarios().size()).allSatisfy(measurement -> {
            assertThat(measurement.failures()).isEmpty();
            assertThat(measurement.samples()).singleElement().satisfies(sample -> {
                assertThat(sample.load().messages()).isPositive();
                assertThat(sample.serverNanos()).isPositive();
                assertThat(sample.generatorNanos()).isPositive();
            });
            assertThat(measurement.extras()).singleElement()
                    .satisfies(extra -> assertThat(extra.allocatedBytes()).isPresent());
        });
        assertThat(result.server("core-epoll").orElseThrow().describe())
                .anyMatch(line -> line.contains("kernel=epoll"));
        assertThat(saved).hasSize(options.scenarios().size() + 1);
        assertThat(saved.subList(0, saved.size() - 1)).noneMatch(Result::complete);
    }
}
