package io.hotpath.faults;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.KernelRefused;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of a {@link Child}: {@code ok}, {@code refused} or {@code failed}, then {@code key=value} without blanks, the
 * message last.
 */
record Answer(String status, Map<String, String> values) {
    static final String OK = "ok";
    static final String REFUSED = "refused";
    static final String FAILED = "failed";

    private static final String MESSAGE = "message";

    static Answer ok(Object... keysAndValues) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            values.put(keysAndValues[i].toString(), keysAndValues[i + 1].toString());
        }
        return new Answer(OK, values);
    }

    /** What a user would see of {@code thrown}. */
    static Answer of(Throwable thrown) {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("type", thrown.getClass().getSimpleName());
        if (thrown instanceof KernelRefused refused) {
            values.put("reason", refused.reason().name());
        }
        if (thrown instanceof EngineException refused) {
            values.put("operation", refused.operation().replace(' ', '_'));
            values.put("errno", Errno.name(refused.errno()));
        }
        values.put(MESSAGE, String.valueOf(thrown.getMessage()).replace('\n', ' '));
        return new Answer(thrown instanceof EngineException ? REFUSED : FAILED, values);
    }

    static Answer parse(String line) {
        int message = line.indexOf(' ' + MESSAGE + '=');
        String head = message < 0 ? line : line.substring(0, message);
        Map<String, String> values = new LinkedHashMap<>();
        String[] words = head.split(" ", -1);
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            values.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
        if (message >= 0) {
            values.put(MESSAGE, line.substring(message + MESSAGE.length() + 2));
        }
        return new Answer(words[0], values);
    }

    @Nullable
    String text(String key) {
        return values.get(key);
    }

    String message() {
        return values.getOrDefault(MESSAGE, "");
    }

    long number(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new AssertionError("no " + key + " in: " + this);
        }
        return Long.parseLong(value);
    }

    /** The line. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(status);
        values.forEach((key, value) -> line.append(' ').append(key).append('=').append(value));
        return line.toString();
    }
}
