package io.hotpath.faults;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Settings of the whole machine, held by one test of the machine at a time and never left changed: the old value is
 * written down before the first change, and restored by {@link #close}, else by a shutdown hook, else (the JVM was
 * killed) by a shell that waits for its end, else (that too) by the next test that comes here.
 *
 * <p>Keep the time between {@link #set} and {@link #close} short: a ring that somebody else opens meanwhile is refused.
 */
final class Sysctl implements AutoCloseable {
    static final Path URING_DISABLED = Path.of("/proc/sys/kernel/io_uring_disabled");
    static final Path URING_GROUP = Path.of("/proc/sys/kernel/io_uring_group");

    private static final Path DIRECTORY = Path.of("/tmp");
    private static final Path LOCK = DIRECTORY.resolve("hotpath-sysctl.lock");
    private static final Path WRITTEN_DOWN = DIRECTORY.resolve("hotpath-sysctl.saved");
    private static final long RESTORE_SECONDS = 5;

    /** Restores what is written down when its input ends, that is when this JVM does, however. */
    private static final String WATCH = "cat > /dev/null; "
            + "[ ! -e " + WRITTEN_DOWN
            + " ] || while IFS='=' read -r file value; do echo \"$value\" > \"$file\"; done < "
            + WRITTEN_DOWN + "; rm -f " + WRITTEN_DOWN;

    private final FileChannel channel;
    private final FileLock lock;
    private final Process watch;
    private final Thread hook = new Thread(Sysctl::restore, "sysctl-restore");

    private Sysctl() throws IOException {
        channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        lock = channel.lock();
        restore(); // what a killed test left
        watch = new ProcessBuilder("setsid", "sh", "-c", WATCH).start();
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Waits for its turn. */
    static Sysctl take() {
        Tools.require("setsid");
        Tools.require(Files.isWritable(URING_DISABLED), URING_DISABLED + " cannot be written: not root, or before 6.6");
        try {
            return new Sysctl();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    void set(Path setting, int value) {
        try {
            Map<Path, String> saved = saved();
            if (saved.putIfAbsent(setting, text(setting)) == null) {
                StringBuilder lines = new StringBuilder();
                saved.forEach((file, old) -> lines.append(file).append('=').append(old).append('\n'));
                Files.writeString(WRITTEN_DOWN, lines, StandardCharsets.US_ASCII,
                        StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.SYNC);
            }
            write(setting, String.valueOf(value));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        restore();
        endWatchAsAKillWould(); // nothing is written down any more, so it only ends
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
            lock.release();
            channel.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** What happens when this JVM is killed. */
    void endWatchAsAKillWould() {
        try {
            watch.getOutputStream().close();
            if (!watch.waitFor(RESTORE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the watch did not end");
            }
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    private static synchronized void restore() {
        try {
            for (Map.Entry<Path, String> old : saved().entrySet()) {
                write(old.getKey(), old.getValue());
            }
            Files.deleteIfExists(WRITTEN_DOWN);
        } catch (IOException failed) {
            throw new UncheckedIOException("restore by hand what " + WRITTEN_DOWN + " says", failed);
        }
    }

    private static Map<Path, String> saved() throws IOException {
        Map<Path, String> saved = new LinkedHashMap<>();
        if (Files.exists(WRITTEN_DOWN)) {
            for (String line : Files.readAllLines(WRITTEN_DOWN, StandardCharsets.US_ASCII)) {
                int equals = line.indexOf('=');
                saved.put(Path.of(line.substring(0, equals)), line.substring(equals + 1));
            }
        }
        return saved;
    }

    /** In one read: a setting gives all it has to the first, whatever its size. */
    static String text(Path setting) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(setting, StandardCharsets.US_ASCII)) {
            return reader.readLine().strip();
        }
    }

    private static void write(Path setting, String value) throws IOException {
        Files.writeString(setting, value, StandardCharsets.US_ASCII, StandardOpenOption.WRITE);
    }
}
