package io.hotpath.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs a child under {@code strace -e inject=}, and afterwards counts what was really injected. */
final class Strace implements AutoCloseable {
    private final Path output;

    private Strace(Path output) {
        this.output = output;
    }

    static Strace open() {
        Tools.require("strace");
        try {
            return new Strace(Files.createTempFile("hotpath-strace", ".txt"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /**
     * @param injection such as {@code error=EINVAL:when=1..2}; strace counts in each thread for itself
     */
    Child inject(String call, String injection) {
        return Child.under(List.of(
                "strace", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-o", output.toString(), "-e",
                "trace=" + call,
                "-e", "inject=" + call + ':' + injection));
    }

    /** What strace itself says that it injected. Complete once the child has ended. */
    long injected(String errno) {
        try (var lines = Files.lines(output)) {
            return lines.filter(line -> line.contains("(INJECTED)") && line.contains("-1 " + errno + ' ')).count();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** How often the call was made and seen. */
    long calls(String call) {
        try (var lines = Files.lines(output)) {
            return lines.filter(line -> line.contains(call + '(')).count();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(output);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
