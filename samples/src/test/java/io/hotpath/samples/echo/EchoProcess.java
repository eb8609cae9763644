package io.hotpath.samples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A running {@link EchoMain}, in a JVM of its own. */
final class EchoProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final Thread errorReader;

    private EchoProcess(Process process) {
        this.process = process;
        out = process.inputReader(StandardCharsets.UTF_8);
        errorReader = Thread.ofPlatform().name("echo-errors").daemon().start(() -> process
                .errorReader(StandardCharsets.UTF_8).lines().forEach(errors::add));
    }

    static EchoProcess start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-ea", "-cp", System.getProperty("java.class.path"),
                EchoMain.class.getName()));
        command.addAll(List.of(arguments));
        return new EchoProcess(new ProcessBuilder(command).start());
    }

    int awaitPort() throws IOException {
        String line = out.readLine();
        assertThat(line).as(() -> "stderr: " + errors()).startsWith("listening on 0.0.0.0:");
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }

    int terminate() throws InterruptedException {
        process.toHandle().destroy(); // SIGTERM; destroy() of a Process would close its streams as well
        return awaitExit();
    }

    int awaitExit() throws InterruptedException {
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ends within 30 seconds").isTrue();
        errorReader.join();
        return process.exitValue();
    }

    /** What is left of stdout. */
    String output() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            all.append(line).append('\n');
        }
        return all.toString();
    }

    /** What came on stderr so far; all of it once it has ended. */
    String errors() {
        return errors.stream().map(line -> line + "\n").collect(Collectors.joining());
    }

    /** Its descriptors by kind, seen from outside: {@code socket}, {@code io_uring}, {@code eventpoll}. */
    Map<String, Integer> descriptors() throws IOException {
        Map<String, Integer> kinds = new TreeMap<>();
        try (Stream<Path> fds = Files.list(Path.of("/proc", String.valueOf(process.pid()), "fd"))) {
            for (Path fd : fds.toList()) {
                try {
                    String link = Files.readSymbolicLink(fd).toString();
                    kinds.merge(link.replaceFirst("^anon_inode:", "").replaceAll("[\\[\\]]|:.*", ""), 1, Integer::sum);
                } catch (NoSuchFileException closed) {
                    // between the listing and the look
                }
            }
        }
        return kinds;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
