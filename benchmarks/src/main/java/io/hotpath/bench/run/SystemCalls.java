package io.hotpath.bench.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The system calls of a process, counted by {@code perf stat} from when this is opened to {@link #count}. */
final class SystemCalls {
    private static final String EVENT = "raw_syscalls:sys_enter";

    /** perf does not say when it has begun to count. */
    private static final long ATTACH_MILLIS = 300;

    /** Null where there is no perf. */
    private final @Nullable Process perf;

    private SystemCalls(@Nullable Process perf) {
        this.perf = perf;
    }

    static SystemCalls of(long pid) throws InterruptedException {
        try {
            Process perf = new ProcessBuilder("perf", "stat", "-x", ",", "-e", EVENT, "-p", Long.toString(pid))
                    .redirectErrorStream(true)
                    .start();
            Thread.sleep(ATTACH_MILLIS);
            return new SystemCalls(perf);
        } catch (IOException missing) {
            return new SystemCalls(null);
        }
    }

    /** Ends counting; empty if there is no perf or it may not count. */
    OptionalLong count() throws IOException, InterruptedException {
        if (perf == null) {
            return OptionalLong.empty();
        }
        new ProcessBuilder("kill", "-INT", Long.toString(perf.pid())).start().waitFor();
        String said = new String(perf.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return said.lines()
                .filter(line -> line.contains(EVENT))
                .map(line -> line.substring(0, line.indexOf(',')))
                .filter(count -> !count.isEmpty() && count.chars().allMatch(Character::isDigit))
                .mapToLong(Long::parseLong)
                .findFirst();
    }
}
