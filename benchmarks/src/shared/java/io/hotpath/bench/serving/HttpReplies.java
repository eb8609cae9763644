package io.hotpath.bench.serving;

import static java.nio.charset.StandardCharsets.US_ASCII;

/** The answers to HTTP requests as bytes: for servers without a codec. */
public final class HttpReplies {
    /** The answer to each request. */
    private static final String REPLY = """
            HTTP/1.1 200 OK\r
            Content-Type: text/plain\r
            Content-Length: 13\r
            \r
            Hello, World!""";

    private static final byte[][] READY = new byte[65][];

    static {
        for (int i = 0; i < READY.length; i++) {
            READY[i] = REPLY.repeat(i).getBytes(US_ASCII);
        }
    }

    private HttpReplies() {}

    /** The answers to {@code requests} requests in a row; not to be changed. */
    public static byte[] to(int requests) {
        return requests < READY.length ? READY[requests] : REPLY.repeat(requests).getBytes(US_ASCII);
    }
}
