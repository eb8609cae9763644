package io.hotpath.bench;

import java.util.Locale;

/** What a server under test does. */
public enum Workload {
    /** Sends back what it receives. */
    ECHO,

    /** Receives and drops. */
    SINK,

    /** Answers each HTTP/1.1 request with {@code Hello, World!} and keeps the connection. */
    HTTP;

    /** As it stands on a command line: {@code echo}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The workload of a command line.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public static Workload of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
