package io.hotpath.engine;

import java.lang.System.Logger.Level;
import java.util.function.Supplier;

/**
 * A logger for what runs on a loop, which it cannot end: at the limit of open files a logging library may find no descriptor
 * for what it loads with its first line, just when the loop says that descriptors are short. That line is lost then.
 */
final class LoopLog {
    private final System.Logger logger;

    private LoopLog(System.Logger logger) {
        this.logger = logger;
    }

    static LoopLog of(Class<?> type) {
        return new LoopLog(System.getLogger(type.getName()));
    }

    void log(Level level, Supplier<String> line) {
        quietly(() -> logger.log(level, line));
    }

    void log(Level level, Supplier<String> line, Throwable thrown) {
        quietly(() -> logger.log(level, line, thrown));
    }

    void log(Level level, String line, Throwable thrown) {
        quietly(() -> logger.log(level, line, thrown));
    }

    /** The JDK's own formatter throws a plain {@code Error} when it cannot read the time zones. */
    static void quietly(Runnable log) {
        try {
            log.run();
        } catch (RuntimeException | Error failed) {
            // there is nobody to tell
        }
    }
}
