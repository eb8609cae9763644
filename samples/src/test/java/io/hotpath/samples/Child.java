package io.hotpath.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of ours as a user starts it: a JVM of its own, a port that it says, a signal at the end. */
public record Child(Process process, BufferedReader out) implements AutoCloseable {
    private static final int SIGTERM_EXIT = 128 + 15;

    public static Child start(Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-ea", "-cp", System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).start();
        return new Child(process, process.inputReader(StandardCharsets.UTF_8));
    }

    public int awaitPort() throws IOException {
        String line = out.readLine();
        assertThat(line).as(() -> "stderr: " + errors()).startsWith("listening on 0.0.0.0:");
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }

    /** SIGTERM; the program ends in time, has nothing to complain about, and its last line says that nothing leaked. */
    public void endsInOrder() throws IOException, InterruptedException {
        process.toHandle().destroy(); // destroy() of a Process would close its streams as well
        List<String> lines = out.lines().toList();
        assertThat(awaitExit()).isEqualTo(SIGTERM_EXIT);
        assertThat(errors()).isEmpty();
        assertThat(lines).isNotEmpty();
        assertThat(lines.getLast()).endsWith("buffers leaked 0");
    }

    public int awaitExit() throws InterruptedException {
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ends within 30 seconds").isTrue();
        return process.exitValue();
    }

    public String errors() {
        try {
            return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
