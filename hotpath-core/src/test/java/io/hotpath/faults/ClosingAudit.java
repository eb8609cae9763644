package io.hotpath.faults;

import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a process holds that a server leaves behind when it leaks: descriptors by kind, mappings of rings, threads. Taken
 * from outside, so it can be trusted when the process itself is the one in trouble.
 *
 * <pre>{@code
 * ClosingAudit before = ClosingAudit.of(pid);
 * ...
 * before.requireNoMore();
 * }</pre>
 *
 * @param descriptors  how many of each kind: {@code socket}, {@code io_uring}, {@code eventfd}, {@code eventpoll}
 * @param ringMappings mappings of io_uring's queues
 * @param threads      how many of each name, the JVM's own left out
 */
public record ClosingAudit(long pid, Map<String, Integer> descriptors, int ringMappings, Map<String, Integer> threads) {
    private static final long SETTLE_NANOS = 2_000_000_000L;
    private static final long POLL_MILLIS = 5;
    private static final String TIME_WAIT = "06";

    /** Threads that the JVM starts and ends as it likes. */
    private static final Pattern JVM_THREADS =
            Pattern.compile("(C[12] CompilerThr|GC Thread|G1 |VM |Attach Listener|process reaper|Sweeper"
                    + "|Common-Cleaner|Signal Dispatch|Service Thread|Monitor Deflati|Notification Th|Finalizer"
                    + "|Reference Handl|StringDedup|JFR |Cleaner-|child-output|surefire-|ForkJoinPool|VirtualThread-).*");

    /** The kinds that are ours; files and pipes come and go with class loading and the test's own children. */
    private static final Pattern OUR_KINDS = Pattern.compile("socket|io_uring|eventfd|eventpoll|timerfd");

    /** What process {@code pid} holds now. */
    public static ClosingAudit of(long pid) {
        Path process = Path.of("/proc", String.valueOf(pid));
        return new ClosingAudit(pid, descriptors(process), ringMappings(process), threads(process));
    }

    public static ClosingAudit ofThisProcess() {
        return of(ProcessHandle.current().pid());
    }

    /** Waits until the process holds no more than it held; what the kernel gives back late has two seconds. */
    public void requireNoMore() {
        long deadline = System.nanoTime() + SETTLE_NANOS;
        String more = of(pid).moreThan(this);
        while (!more.isEmpty() && System.nanoTime() < deadline) {
            pause();
            more = of(pid).moreThan(this);
        }
        if (!more.isEmpty()) {
            throw new AssertionError("left behind: " + more + ", held before: " + this);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private String moreThan(ClosingAudit before) {
        StringJoiner more = new StringJoiner(" ");
        descriptors.forEach((kind, count) -> add(more, kind, count - before.descriptors(kind)));
        add(more, "ringMappings", ringMappings - before.ringMappings);
        threads.forEach((name, count) -> add(more, name, count - before.threads.getOrDefault(name, 0)));
        return more.toString();
    }

    public int descriptors(String kind) {
        return descriptors.getOrDefault(kind, 0);
    }

    /** What an engine that is closed, or idle without connections, must not have; empty if it has none of it. */
    public static String leaks(EngineStats stats) {
        StringJoiner leaks = new StringJoiner(" ");
        add(leaks, "connections", stats.connections());
        add(leaks, "leasesHeld", stats.leasesHeld());
        add(leaks, "copiesHeld", stats.copiesHeld());
        add(leaks, "staleCompletions", stats.staleCompletions());
        add(leaks, "staleLeases", stats.staleLeases());
        add(leaks, "unexpectedErrnos", stats.unexpectedErrnos());
        add(leaks, "handlerFailures", stats.handlerFailures());
        return leaks.toString();
    }

    /** The same of an engine that is open and idle, which must also have every buffer where the kernel can fill it. */
    public static String leaks(EngineStats stats, int buffers) {
        StringJoiner leaks = new StringJoiner(" ").add(leaks(stats));
        add(leaks, "buffersMissing", buffers - stats.buffersFree());
        return leaks.toString().strip();
    }

    /** Waits until nothing is left of the connections of a server's port but TIME_WAIT; all peers must have left. */
    public void requireNoOrphans(int port) {
        long deadline = System.nanoTime() + SETTLE_NANOS;
        long orphans = orphans(port);
        while (orphans > 0 && System.nanoTime() < deadline) {
            pause();
            orphans = orphans(port);
        }
        if (orphans > 0) {
            throw new AssertionError(orphans + " sockets of port " + port + " belong to nobody and live on");
        }
    }

    /** Closed by the process and not gone: they have no inode. */
    private long orphans(int port) {
        String local = ":%04X".formatted(port);
        long count = 0;
        for (String table : List.of("tcp", "tcp6")) {
            try (Stream<String> lines = Files.lines(Path.of("/proc", String.valueOf(pid), "net", table))) {
                count += lines.map(line -> line.strip().split("\\s+", -1)).filter(
                        socket -> socket[1].endsWith(local) && socket[9].equals("0") && !socket[3].equals(TIME_WAIT))
                        .count();
            } catch (IOException gone) {
                throw new UncheckedIOException(gone);
            }
        }
        return count;
    }

    private static void add(StringJoiner leaks, String name, long value) {
        if (value > 0) {
            leaks.add(name + '=' + value);
        }
    }

    private static Map<String, Integer> descriptors(Path process) {
        Map<String, Integer> kinds = new TreeMap<>();
        forEach(process.resolve("fd"), fd -> {
            String kind = kind(Files.readSymbolicLink(fd).toString());
            if (OUR_KINDS.matcher(kind).matches()) {
                kinds.merge(kind, 1, Integer::sum);
            }
        });
        return kinds;
    }

    /** {@code socket:[123]} is a socket, {@code anon_inode:[io_uring]} an io_uring, anything else a file. */
    static String kind(String link) {
        if (link.startsWith("anon_inode:")) {
            return link.substring("anon_inode:".length()).replaceAll("[\\[\\]]", "");
        }
        return link.startsWith("socket:") ? "socket" : link.startsWith("pipe:") ? "pipe" : "file";
    }

    private static int ringMappings(Path process) {
        try (Stream<String> maps = Files.lines(process.resolve("maps"), StandardCharsets.ISO_8859_1)) {
            return (int) maps.filter(line -> line.contains("[io_uring]")).count();
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }

    private static Map<String, Integer> threads(Path process) {
        Map<String, Integer> names = new TreeMap<>();
        forEach(process.resolve("task"), task -> {
            String name = Files.readString(task.resolve("comm"), StandardCharsets.ISO_8859_1).strip();
            if (!JVM_THREADS.matcher(name).matches()) {
                names.merge(name, 1, Integer::sum);
            }
        });
        return names;
    }

    private interface Visit {
        void accept(Path entry) throws IOException;
    }

    private static void forEach(Path directory, Visit visit) {
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                try {
                    visit.accept(entry);
                } catch (IOException ended) {
                    // between the listing and the look
                }
            }
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }
}
