package io.hotpath.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/** A running program that nobody here wrote: nc, socat, redis-cli. */
public record Tool(Process process, BufferedReader out) implements AutoCloseable {
    /** Starts it, or skips the test and says which Debian package has it. */
    public static Tool start(String debianPackage, String... command) throws IOException {
        return start(ProcessBuilder.Redirect.PIPE, debianPackage, command);
    }

    /** Starts it with the bytes of {@code input} as its standard input. */
    public static Tool start(Path input, String debianPackage, String... command) throws IOException {
        return start(ProcessBuilder.Redirect.from(input.toFile()), debianPackage, command);
    }

    private static Tool start(ProcessBuilder.Redirect input, String debianPackage, String... command)
            throws IOException {
        boolean there = Pattern.compile(File.pathSeparator)
                .splitAsStream(System.getenv("PATH"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, command[0])));
        Assumptions.assumeTrue(there, command[0] + " is missing: install the Debian package " + debianPackage);
        Process process = new ProcessBuilder(command).redirectInput(input).redirectErrorStream(true).start();
        return new Tool(process, process.inputReader(StandardCharsets.UTF_8));
    }

    /** Types {@code text}. */
    public Tool type(String text) throws IOException {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
        return this;
    }

    /** Ends what it reads. */
    public Tool end() throws IOException {
        process.getOutputStream().close();
        return this;
    }

    public String line() throws IOException {
        return out.readLine();
    }

    /** What is left of its output, when it has ended by itself, well. */
    public List<String> lines() throws InterruptedException {
        List<String> lines = new ArrayList<>(out.lines().toList());
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ends by itself").isTrue();
        assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
        return lines;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
