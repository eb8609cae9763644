package io.hotpath.samples.kv;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;
import java.util.Locale;

/**
 * A request: its name and what follows.
 *
 * @param arguments the name first; none is a protocol error, after which nothing can be understood
 */
record Command(List<byte[]> arguments) {
    static final Command MALFORMED = new Command(List.of());

    boolean malformed() {
        return arguments.isEmpty();
    }

    /** In capitals. */
    String name() {
        return new String(arguments.getFirst(), ISO_8859_1).toUpperCase(Locale.ROOT);
    }

    /** In capitals, with the number of arguments behind it: {@code GET 1}. */
    String shape() {
        return name() + ' ' + (arguments.size() - 1);
    }

    /** Bytes as a key: one character each. */
    String key() {
        return new String(arguments.get(1), ISO_8859_1);
    }
}
