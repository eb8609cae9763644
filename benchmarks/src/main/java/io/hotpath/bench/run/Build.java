package io.hotpath.bench.run;

import io.hotpath.bench.Contender;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Builds what contenders need, and leaves out whom it cannot build, with a word. */
final class Build {
    private final Path benchmarks;
    private final PrintStream words;

    Build(Path benchmarks, PrintStream words) {
        this.benchmarks = benchmarks;
        this.words = words;
    }

    /** Those of {@code contenders} that can be run. */
    List<Contender> all(List<Contender> contenders) throws IOException, InterruptedException {
        return contenders.stream().filter(contender -> Files.exists(contender.needs())).toList();
    }
}
