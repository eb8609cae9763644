package io.hotpath.ring;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Facts of this host that decide what io_uring may do. Reads {@code /proc}; what is not there is said so. */
final class Host {
    private static final int TEXT_BYTES = 8192;
    private static final String UNKNOWN = "unknown";

    private Host() {}

    /** Name and value, in the order of printing. */
    static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("kernel release", property("os.name") + " " + property("os.version") + " " + property("os.arch"));
        facts.put("kernel.io_uring_disabled", disabled(sysctl("kernel/io_uring_disabled")));
        facts.put("kernel.io_uring_group", sysctl("kernel/io_uring_group"));
        facts.put("seccomp", seccomp(line("/proc/self/status", "Seccomp:")));
        facts.put("locked memory (ulimit -l)", limit("Max locked memory"));
        facts.put("open files (ulimit -n)", limit("Max open files"));
        facts.put("net.core.somaxconn", sysctl("net/core/somaxconn"));
        facts.put("JDK", property("java.vendor") + " " + property("java.runtime.version"));
        return facts;
    }

    /** A value below {@code /proc/sys}. */
    static String sysctl(String path) {
        String text = text("/proc/sys/" + path).strip();
        return text.isEmpty() ? UNKNOWN : text;
    }

    private static String disabled(String value) {
        return switch (value) {
            case "0" -> "0 (permitted)";
            case "1" -> "1 (only CAP_SYS_ADMIN and the group kernel.io_uring_group)";
            case "2" -> "2 (forbidden to everybody)";
            default -> value + " (the sysctl came with Linux 6.6)";
        };
    }

    private static String seccomp(String mode) {
        return switch (mode) {
            case "0" -> "no filter";
            case "1" -> "strict";
            case "2" -> "a filter is in force";
            default -> UNKNOWN;
        };
    }

    /** Soft and hard limit. */
    private static String limit(String name) {
        String[] fields = line("/proc/self/limits", name).split("\\s+", -1);
        return fields.length < 2 ? UNKNOWN : fields[0] + " (hard " + fields[1] + ")";
    }

    private static String line(String path, String start) {
        return text(path)
                .lines()
                .filter(line -> line.startsWith(start))
                .map(line -> line.substring(start.length()).strip())
                .findFirst()
                .orElse("");
    }

    /** One read and no more: a sysctl gives all it has to the first, and a file of size 0 is otherwise read by the byte. */
    private static String text(String path) {
        byte[] bytes = new byte[TEXT_BYTES];
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            return new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII);
        } catch (IOException unreadable) {
            return "";
        }
    }

    private static String property(String name) {
        return System.getProperty(name, UNKNOWN);
    }
}
