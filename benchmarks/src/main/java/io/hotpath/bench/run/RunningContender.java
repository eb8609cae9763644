package io.hotpath.bench.run;

import io.hotpath.bench.Contender;
import io.hotpath.bench.Workload;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A server under test as a process on its core, from when it listens to its SIGTERM. */
final class RunningContender implements AutoCloseable {
    private static final int START_SECONDS_MAX = 60;
    private static final int ANSWER_SECONDS_MAX = 10;
    private static final int STOP_SECONDS_MAX = 10;
    private static final String LISTENING = "listening on 127.0.0.1:";
    private static final String DESCRIBE = "describe ";
    private static final String STATS = "stats ";

    private final Contender contender;
    private final Process process;
    private final Path log;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> describe = new ArrayList<>();
    private final InetSocketAddress address;

    /**
     * Starts it and waits until it listens.
     *
     * @param logs        a directory for what it writes to stderr
     * @param environment what it has in its environment beside this process' own
     * @throws IllegalStateException if it does not listen in time
     */
    RunningContender(Contender contender, Workload workload, Path logs, Map<String, String> environment)
            throws IOException {
        this.contender = contender;
        Files.createDirectories(logs);
        log = logs.resolve(contender.id() + '-' + workload.word() + ".log");
        ProcessBuilder builder = new ProcessBuilder(Cores.forServer(contender.command(0, workload)))
                .redirectError(log.toFile());
        builder.environment().putAll(environment);
        process = builder.start();
        Thread.ofVirtual().start(this::read);
        try {
            address = new InetSocketAddress(InetAddress.getLoopbackAddress(), awaitPort());
        } catch (RuntimeException failed) {
            process.destroyForcibly();
            throw failed;
        }
    }

    private void read() {
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
            }
        } catch (IOException | UncheckedIOException ended) {
            // it has ended; who waits for a line finds out
        }
    }

    private int awaitPort() {
        while (true) {
            String line = await("", START_SECONDS_MAX);
            if (line.startsWith(DESCRIBE)) {
                describe.add(line.substring(DESCRIBE.length()));
            } else if (line.startsWith(LISTENING)) {
                return Integer.parseInt(line.substring(LISTENING.length()));
            }
        }
    }

    /** The next line that begins with {@code prefix}. */
    private String await(String prefix, int secondsMax) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(secondsMax);
        while (process.isAlive() || !lines.isEmpty()) {
            String line = poll();
            if (line != null && line.startsWith(prefix)) {
                return line;
            }
            if (System.nanoTime() - end > 0) {
                break;
            }
        }
        throw new IllegalStateException(contender.id() + (process.isAlive() ? " does not answer" : " has ended")
                + ", see " + log);
    }

    private @Nullable String poll() {
        try {
            return lines.poll(100, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }

    /** What the server counts; empty if it does not answer. */
    Map<String, Long> stats() throws IOException {
        Map<String, Long> stats = new HashMap<>();
        if (contender.answers()) {
            process.outputWriter(StandardCharsets.UTF_8).append("stats\n").flush();
            for (String pair : await(STATS, ANSWER_SECONDS_MAX).substring(STATS.length()).split(" ", -1)) {
                stats.put(pair.substring(0, pair.indexOf('=')), Long.valueOf(pair.substring(pair.indexOf('=') + 1)));
            }
        }
        return stats;
    }

    InetSocketAddress address() {
        return address;
    }

    Contender contender() {
        return contender;
    }

    long pid() {
        return process.pid();
    }

    /** What it said of itself. */
    List<String> describe() {
        return List.copyOf(describe);
    }

    /** Ends it with SIGTERM, and with SIGKILL if that does not help. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
