package io.hotpath.bench.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** The system calls of a process, counted by {@code perf stat} from when this is opened to {@link #count}. */
final class SystemCalls {
    /** Counts nothing. */
    static final SystemCalls NONE = new SystemCalls(null);

    private static final String EVENT = "raw_syscalls:sys_enter";

    /** perf does not say when it has begun to count. */
    private static final long ATTACH_MILLIS = 300;

    private final @Nullable Process perf;
    private OptionalLong counted = OptionalLong.empty();
    private boolean ended;

    private SystemCalls(@Nullable Process perf) {
        this.perf = perf;
    }

    /** Begins to count; {@link #NONE} if there is no perf. */
    static SystemCalls of(long pid) {
        try {
            Process perf = new ProcessBuilder("perf", "stat", "-x", ",", "-e", EVENT, "-p", Long.toString(pid))
                    .redirectErrorStream(true)
                    .start();
            Thread.sleep(ATTACH_MILLIS);
            return new SystemCalls(perf);
        } catch (IOException missing) {
            return NONE;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return NONE;
        }
    }

    /** Ends counting, the first time; empty if perf is not there or may not count. */
    OptionalLong count() {
        if (perf != null && !ended) {
            ended = true;
            try {
                new ProcessBuilder("kill", "-INT", Long.toString(perf.pid())).start();
                counted = parse(new String(perf.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
        return counted;
    }

    /** The count in what perf says: comma-separated, the number first, {@code <not counted>} and the like without one. */
    static OptionalLong parse(String said) {
        return said.lines()
                .filter(line -> line.contains(EVENT))
                .map(line -> line.split(",", 2)[0])
                .filter(count -> !count.isEmpty() && count.chars().allMatch(Character::isDigit))
                .mapToLong(Long::parseLong)
                .findFirst();
    }
}
