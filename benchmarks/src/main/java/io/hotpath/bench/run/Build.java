package io.hotpath.bench.run;

import io.hotpath.bench.Catalog;
import io.hotpath.bench.Contender;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Builds what contenders need beside this class path, if it is missing or older than its sources. */
final class Build {
    private final Path benchmarks;
    private final PrintStream words;

    /** @param words takes a line for whatever is built or cannot be */
    Build(Path benchmarks, PrintStream words) {
        this.benchmarks = benchmarks;
        this.words = words;
    }

    /** The contenders that {@code options} chooses, as far as they can be built. */
    List<Contender> contenders(BenchOptions options) throws IOException, InterruptedException {
        List<Path> needs = chosen(options).stream().map(Contender::needs).distinct().toList();
        for (Path need : needs) {
            if (need.startsWith(benchmarks.resolve("target"))) {
                compileC(need);
            } else if (need.startsWith(benchmarks.resolve("peers"))) {
                packagePeers(need);
            }
        }
        List<Contender> there = new ArrayList<>();
        for (Contender contender : chosen(options)) {
            if (Files.exists(contender.needs())) {
                there.add(contender);
            } else {
                words.println("skipped: " + contender.title() + " could not be built");
            }
        }
        return there;
    }

    /** Read again after a build: a command line holds the class path that was built. */
    private List<Contender> chosen(BenchOptions options) {
        return options.contenders(new Catalog(benchmarks).contenders());
    }

    private void compileC(Path program) throws IOException, InterruptedException {
        Path sources = benchmarks.resolve("c");
        run(List.of("make", "-s", "-C", sources.toString(), sources.relativize(program).toString()),
                "needs make, gcc and the header of liburing (Debian: make gcc liburing-dev)");
    }

    private void packagePeers(Path classPath) throws IOException, InterruptedException {
        Path peers = benchmarks.resolve("peers");
        if (stale(classPath,
                List.of(peers.resolve("src"), peers.resolve("pom.xml"), benchmarks.resolve("src/shared")))) {
            words.println("building the peers");
            run(List.of("mvn", "-B", "-ntp", "-q", "-f", peers.resolve("pom.xml").toString(), "package"),
                    "needs Maven, and its repository at the first time");
        }
    }

    private static boolean stale(Path built, List<Path> sources) throws IOException {
        if (!Files.exists(built)) {
            return true;
        }
        FileTime time = Files.getLastModifiedTime(built);
        for (Path root : sources) {
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file : files.toList()) {
                    if (Files.getLastModifiedTime(file).compareTo(time) > 0) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private void run(List<String> command, String remedy) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        int status;
        try {
            status = builder.start().waitFor();
        } catch (IOException missing) {
            status = -1;
        }
        if (status != 0) {
            words.println("not built: " + command.getFirst() + ' ' + remedy);
        }
    }
}
