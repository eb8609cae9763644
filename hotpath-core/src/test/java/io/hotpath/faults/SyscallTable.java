package io.hotpath.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** System call numbers of x86-64 by name, from the kernel's header. */
record SyscallTable(Map<String, Integer> numbers) {
    private static final List<Path> HEADERS = List.of(
            Path.of("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path.of("/usr/include/asm/unistd_64.h"));
    private static final Pattern DEFINE = Pattern.compile("#define __NR_(\\w+) (\\d+)");

    static boolean exists() {
        return HEADERS.stream().anyMatch(Files::isReadable);
    }

    static SyscallTable read() {
        Path header = HEADERS.stream().filter(Files::isReadable).findFirst().orElseThrow();
        Map<String, Integer> numbers = new HashMap<>();
        try {
            for (String line : Files.readAllLines(header)) {
                Matcher define = DEFINE.matcher(line);
                if (define.matches()) {
                    numbers.put(define.group(1), Integer.valueOf(define.group(2)));
                }
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return new SyscallTable(numbers);
    }
}
