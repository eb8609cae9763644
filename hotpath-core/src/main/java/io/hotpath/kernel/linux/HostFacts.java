package io.hotpath.kernel.linux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the host tells about its attitude to io_uring, read when something was refused.
 *
 * @param disabled the sysctl {@code kernel.io_uring_disabled}: 0 allowed, 1 restricted to a group, 2 for nobody;
 *                 {@link #UNKNOWN} before Linux 6.6, or where it cannot be read
 * @param group    the sysctl {@code kernel.io_uring_group}: the group that 1 lets in, -1 is none
 * @param seccomp  the seccomp mode of this thread, which may have a filter of its own: 0 none, 2 a filter;
 *                 {@link #UNKNOWN} where it cannot be read
 */
record HostFacts(int disabled, int group, int seccomp) {
    static final int UNKNOWN = -2;

    private static final int TEXT_BYTES = 4096;

    static HostFacts read() {
        return new HostFacts(
                number(text("/proc/sys/kernel/io_uring_disabled")),
                number(text("/proc/sys/kernel/io_uring_group")),
                number(field(text("/proc/thread-self/status"), "Seccomp:")));
    }

    /** One read and no more: a sysctl gives all it has to the first, and a file of size 0 is otherwise read by the byte. */
    private static String text(String path) {
        byte[] bytes = new byte[TEXT_BYTES];
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            return new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII);
        } catch (IOException | SecurityException unreadable) {
            return "";
        }
    }

    private static String field(String status, String name) {
        return status.lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()))
                .findFirst()
                .orElse("");
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException none) {
            return UNKNOWN;
        }
    }
}
