package io.hotpath.bench.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What {@code /proc} knows of a process. */
record Proc(long pid) {
    /** Resident memory, in bytes. */
    long residentBytes() {
        return 1024 * sum(List.of(dir().resolve("status")), "VmRSS");
    }

    /** Context switches of all threads that live, asked for or not. */
    long contextSwitches() {
        try (var threads = Files.list(dir().resolve("task"))) {
            List<Path> files = threads.map(thread -> thread.resolve("status")).toList();
            return sum(files, "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** CPU time of the threads in which a JVM compiles, of those that live; 0 for other processes. */
    long compilerNanos() {
        try (var threads = Files.list(dir().resolve("task"))) {
            return threads.filter(Proc::compiles)
                    .flatMap(thread -> lines(thread.resolve("schedstat")).stream())
                    .mapToLong(line -> Long.parseLong(line.substring(0, line.indexOf(' '))))
                    .sum();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static boolean compiles(Path thread) {
        return lines(thread.resolve("comm")).stream().anyMatch(name -> name.contains("CompilerThre"));
    }

    private Path dir() {
        return Path.of("/proc", Long.toString(pid));
    }

    private static long sum(List<Path> files, String... keys) {
        long sum = 0;
        for (Path file : files) {
            for (String line : lines(file)) {
                String[] words = line.split(":?\\s+", 3);
                sum += List.of(keys).contains(words[0]) ? Long.parseLong(words[1]) : 0;
            }
        }
        return sum;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException ended) {
            return List.of(); // a thread that was there a moment ago: ENOENT, or ESRCH if it was opened then
        }
    }
}
