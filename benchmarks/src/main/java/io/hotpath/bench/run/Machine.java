package io.hotpath.bench.run;

import io.hotpath.bench.Catalog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a result was measured. */
public record Machine(String kernel, String cpu, int cores, String jdk, String flags) {
    static Machine here() {
        return new Machine(
                System.getProperty("os.name") + ' ' + System.getProperty("os.version"), cpuModel(),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.vendor") + ' ' + Runtime.version(), String.join(" ", Catalog.JVM_FLAGS));
    }

    private static String cpuModel() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public String toString() {
        return kernel + ", " + cores + " cores, " + cpu + ", " + jdk;
    }
}
