package io.hotpath.bench.serving;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * Finds the requests in what one client sends, wherever its pieces end: each is a head that begins with {@code GET} and ends
 * with an empty line, without a body. Not for several threads.
 */
public final class HttpHeads {
    /** Returned for what is no such request. */
    public static final int MALFORMED = -1;

    private static final byte[] METHOD = "GET ".getBytes(US_ASCII);

    /** How much of {@link #METHOD} was there; all of it inside of a head. */
    private int method;

    /** How much of the empty line was there last: CR, LF, CR. */
    private int ending;

    /**
     * How many requests end in the first {@code length} bytes of {@code piece}.
     *
     * @return that, or {@link #MALFORMED}, after which nothing more can be asked
     */
    public int count(byte[] piece, int length) {
        int requests = 0;
        for (int i = 0; i < length; i++) {
            byte next = piece[i];
            if (method < METHOD.length) {
                if (next != METHOD[method]) {
                    return MALFORMED;
                }
                method++;
            } else if (next > '\r') {
                ending = 0;
            } else if (endsWith(next)) {
                requests++;
                method = 0;
            }
        }
        return requests;
    }

    private boolean endsWith(byte next) {
        if (next == '\r') {
            ending = ending == 2 ? 3 : 1;
        } else if (next == '\n' && (ending & 1) == 1) {
            ending++;
        } else {
            ending = 0;
        }
        if (ending < 4) {
            return false;
        }
        ending = 0;
        return true;
    }
}
