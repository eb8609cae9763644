package io.hotpath.samples.echo;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Assumptions;

/**
 * The host's switch, thrown for one test at a time with the lock and the written-down value that the core's fault tests use:
 * whoever comes next restores what a killed test left, and a shell that waits for this JVM's end does so before.
 */
public final class UringSwitch implements AutoCloseable {
    private static final Path SETTING = Path.of("/proc/sys/kernel/io_uring_disabled");
    private static final Path LOCK = Path.of("/tmp/hotpath-sysctl.lock");
    private static final Path WRITTEN_DOWN = Path.of("/tmp/hotpath-sysctl.saved");
    private static final String RESTORE = "cat > /dev/null; [ ! -e %1$s ] || while IFS='=' read -r file value;"
            .concat(" do echo \"$value\" > \"$file\"; done < %1$s; rm -f %1$s").formatted(WRITTEN_DOWN);

    private final FileChannel channel;
    private final FileLock lock;
    private final Process restore;

    private UringSwitch() throws IOException {
        channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        lock = channel.lock();
        restore(startRestore()); // what a killed test left
        Files.writeString(WRITTEN_DOWN, SETTING + "=" + value() + '\n', StandardOpenOption.CREATE,
                StandardOpenOption.SYNC);
        restore = startRestore();
        Files.writeString(SETTING, "2");
    }

    private static Process startRestore() throws IOException {
        return new ProcessBuilder("setsid", "sh", "-c", RESTORE).start();
    }

    /** Waits for its turn. */
    public static UringSwitch off() throws IOException {
        Assumptions.assumeTrue(Files.isWritable(SETTING), SETTING + " cannot be written: not root, or before 6.6");
        return new UringSwitch();
    }

    public String value() throws IOException {
        return Files.readAllLines(SETTING).getFirst();
    }

    @Override
    public void close() throws IOException {
        restore(restore);
        lock.release();
        channel.close();
    }

    private static void restore(Process process) throws IOException {
        process.getOutputStream().close();
        int status = process.onExit().join().exitValue();
        if (status != 0 || Files.exists(WRITTEN_DOWN)) {
            throw new AssertionError("restore by hand what " + WRITTEN_DOWN + " says");
        }
    }
}
