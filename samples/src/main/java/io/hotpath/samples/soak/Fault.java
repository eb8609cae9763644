package io.hotpath.samples.soak;

import java.util.Locale;

/** What goes wrong, or is unkind, at random. */
enum Fault {
    /** Every loop moves to another ring. */
    FAILOVER,
    /** A client resets in mid-echo. */
    PEER_RESET,
    /** A client reads a download in sips. */
    SLOW_READER,
    /** A client reads nothing for seconds, then all. */
    STALLED_PEER,
    /** A client ends its side and reads the rest. */
    HALF_CLOSE,
    /** Sixty clients at once. */
    STORM,
    /** The server closes first. */
    SERVER_CLOSE,
    /** The handler fails, so the server resets. */
    SERVER_RESET,
    /** More clients than are permitted. */
    LIMIT;

    String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
