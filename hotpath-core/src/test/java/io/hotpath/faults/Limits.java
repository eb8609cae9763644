package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Limits of a running process, seen and set from outside. */
final class Limits {
    /** What a child may have when it is not to be limited. */
    static final int OPEN_FILES_ENOUGH = 4096;

    private Limits() {}

    /** The lowest descriptor that may not be opened any more. */
    static void setOpenFiles(long pid, int limit) {
        Tools.require("prlimit");
        try {
            Process prlimit = new ProcessBuilder(
                    "prlimit", "--pid", String.valueOf(pid), "--nofile=" + limit + ':' + OPEN_FILES_ENOUGH)
                    .inheritIO().start();
            assertThat(prlimit.waitFor()).isZero();
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    static int highestDescriptor(long pid) {
        try (Stream<Path> fds = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return fds.mapToInt(fd -> Integer.parseInt(fd.getFileName().toString())).max().orElseThrow();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The soft limit of that name in {@code /proc/pid/limits}. */
    static long soft(long pid, String name) throws IOException {
        String line = Files.readAllLines(Path.of("/proc/" + pid + "/limits")).stream()
                .filter(limit -> limit.startsWith(name)).findFirst().orElseThrow();
        return Long.parseLong(line.substring(name.length()).strip().replaceAll(" .*", ""));
    }
}
