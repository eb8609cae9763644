package io.hotpath.faults;

import io.hotpath.Errno;
import io.hotpath.engine.Engine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A JVM of its own that does what it is told, one line at a time, and may be refused, limited and signalled without harm
 * to the tests. It ends with its input, so also when the tests are killed.
 */
final class Child implements AutoCloseable {
    private static final long ANSWER_SECONDS = 30;
    private static final long END_SECONDS = 10;

    /** A fixed set of the JVM's own threads, so that a thread of ours shows; quick to start. */
    private static final List<String> JVM_OPTIONS = List.of(
            "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-XX:-UseDynamicNumberOfCompilerThreads", "-XX:-UsePerfData", "-Xmx64m");

    /** In the place of a line: there will be no more. */
    private static final String END = "the end";

    private final Process process;
    private final Writer input;
    private final BlockingQueue<String> output = new LinkedBlockingQueue<>();
    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final Thread outputReader;
    private final Thread errorReader;
    private final long pid;

    private Child(List<String> command) {
        try {
            process = new ProcessBuilder(command).start();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        input = process.outputWriter(StandardCharsets.UTF_8);
        errorReader = reader(process.getErrorStream(), errors::add, () -> {});
        outputReader = reader(process.getInputStream(), output::add, () -> output.add(END));
        pid = next().number("pid");
    }

    static Child start() {
        return under(List.of());
    }

    /** Under a command that runs another one, such as {@code strace -f}. */
    static Child under(List<String> wrapper) {
        return new Child(command(wrapper, "-ea"));
    }

    /** With a command line of {@link #command} that was changed. */
    static Child running(List<String> command) {
        return new Child(command);
    }

    static Child withoutAssertions() {
        return new Child(command(List.of(), "-da"));
    }

    /** A program that needs an engine, see {@link #runProgram}. */
    static Child program(String policy) {
        List<String> command = command(List.of(), "-ea");
        command.add(policy);
        return new Child(command);
    }

    /** What a program left behind. */
    record Ended(int exitCode, String errors) {}

    /** Lets a {@link #program} start its engine, and waits for its end. */
    Ended runProgram() {
        send("");
        return new Ended(await(), errors());
    }

    /** The command line; the class path is only what the child needs, so that another user can read it. */
    static List<String> command(List<String> wrapper, String assertions) {
        List<String> command = new ArrayList<>(wrapper);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_OPTIONS);
        command.add(assertions);
        command.add("-cp");
        command.add(classPath());
        command.add(ChildMain.class.getName());
        return command;
    }

    static String classPath() {
        return Stream.of(Engine.class, Errno.class, ChildMain.class)
                .map(Child::origin).distinct().collect(Collectors.joining(java.io.File.pathSeparator));
    }

    private static String origin(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
        } catch (URISyntaxException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The process of the JVM, whatever it runs under. */
    long pid() {
        return pid;
    }

    /** Sends a command and waits for its answer. */
    Answer ask(String command) {
        send(command);
        return next();
    }

    void send(String command) {
        try {
            input.write(command + '\n');
            input.flush();
        } catch (IOException ended) {
            throw new AssertionError("the child has ended: " + errors(), ended);
        }
    }

    Answer next() {
        return nextAfter(ANSWER_SECONDS);
    }

    /** The next answer, which may take so long. */
    Answer nextAfter(long seconds) {
        try {
            String line = output.poll(seconds, TimeUnit.SECONDS);
            if (line == null) {
                throw new AssertionError("no answer in " + seconds + " s: " + errors());
            }
            if (line.equals(END)) {
                errorReader.join();
                throw new AssertionError("ended with " + process.waitFor() + ": " + errors());
            }
            return Answer.parse(line);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    String errors() {
        return String.join("\n", errors);
    }

    /** Waits until it ends by itself, or by a signal; a signal's number is added to 128. */
    int exitCode() {
        return await();
    }

    /** Ends its input and waits until it, and the command it runs under, have ended. */
    @Override
    public void close() {
        try {
            input.close();
        } catch (IOException ended) {
            // it reads no more
        }
        await();
    }

    private int await() {
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new AssertionError("the child did not end by itself: " + errors());
            }
            outputReader.join();
            errorReader.join();
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            throw new AssertionError(interrupted);
        }
    }

    private static Thread reader(InputStream stream, Consumer<String> sink, Runnable end) {
        return Thread.ofPlatform().name("child-output").daemon().start(() -> {
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                lines.lines().forEach(sink);
            } catch (IOException | UncheckedIOException ended) {
                // the process is gone
            } finally {
                end.run();
            }
        });
    }
}
