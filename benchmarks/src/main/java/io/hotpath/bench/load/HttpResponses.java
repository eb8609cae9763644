package io.hotpath.bench.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;

/**
 * Counts the responses in a stream of HTTP/1.1: a status line of 200, header fields with a {@code Content-Length}, the body. Bytes
 * may be cut anywhere.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112">RFC 9112</a>
 */
final class HttpResponses {
    private static final byte[] STATUS = "HTTP/1.1 200".getBytes(ISO_8859_1);
    private static final byte[] CONTENT_LENGTH = "content-length:".getBytes(ISO_8859_1);
    private static final byte[] TRANSFER_ENCODING = "transfer-encoding:".getBytes(ISO_8859_1);
    private static final int LINE_BYTES_MAX = 8192;
    private static final int UNKNOWN = -1;
    private static final int DIGITS_MAX = 9;

    private final byte[] expectedBody;

    /** The part of a line that came before the bytes at hand. */
    private final byte[] carried = new byte[LINE_BYTES_MAX];

    private int carriedBytes;

    private boolean inBody;
    private boolean inFields;
    private int contentLength = UNKNOWN;
    private int bodyBytes;

    /** @param expectedBody what each body must be; empty takes every body */
    HttpResponses(byte[] expectedBody) {
        this.expectedBody = expectedBody;
    }

    /**
     * Takes the next {@code length} bytes and returns how many responses are complete with them.
     *
     * @throws LoadException if it is not a 200 with a {@code Content-Length}, or another body than expected
     */
    int feed(byte[] bytes, int length) {
        int complete = 0;
        int at = 0;
        while (at < length) {
            at = inBody ? body(bytes, at, length) : line(bytes, at, length);
            if (inBody && bodyBytes == contentLength) {
                complete++;
                inBody = false;
            }
        }
        return complete;
    }

    private int body(byte[] bytes, int at, int length) {
        int count = Math.min(length - at, contentLength - bodyBytes);
        if (expectedBody.length > 0
                && !Arrays.equals(bytes, at, at + count, expectedBody, bodyBytes, bodyBytes + count)) {
            throw new LoadException("a body is not " + new String(expectedBody, ISO_8859_1));
        }
        bodyBytes += count;
        return at + count;
    }

    /** Takes a line or what is there of it; returns where it ends. */
    private int line(byte[] bytes, int at, int length) {
        int end = at;
        while (end < length && bytes[end] != '\n') {
            end++;
        }
        boolean whole = end < length;
        if (whole && carriedBytes == 0) {
            lineIs(bytes, at, end);
            return end + 1;
        }
        if (carriedBytes + end - at > LINE_BYTES_MAX) {
            throw new LoadException("a line of a response is longer than " + LINE_BYTES_MAX + " bytes");
        }
        System.arraycopy(bytes, at, carried, carriedBytes, end - at);
        carriedBytes += end - at;
        if (!whole) {
            return end;
        }
        int lineBytes = carriedBytes;
        carriedBytes = 0;
        lineIs(carried, 0, lineBytes);
        return end + 1;
    }

    /** {@code [from, to)} is a line without its LF. */
    private void lineIs(byte[] line, int from, int to) {
        int end = to > from && line[to - 1] == '\r' ? to - 1 : to;
        if (!inFields) {
            if (end - from < STATUS.length
                    || !Arrays.equals(line, from, from + STATUS.length, STATUS, 0, STATUS.length)) {
                throw new LoadException("a response begins with: " + new String(line, from, end - from, ISO_8859_1));
            }
            inFields = true;
            contentLength = UNKNOWN;
        } else if (end == from) {
            headEnds();
        } else if (begins(line, from, end, CONTENT_LENGTH)) {
            contentLength = number(line, from + CONTENT_LENGTH.length, end);
        } else if (begins(line, from, end, TRANSFER_ENCODING)) {
            throw new LoadException("a response has no Content-Length but a Transfer-Encoding");
        }
    }

    private void headEnds() {
        if (contentLength == UNKNOWN) {
            throw new LoadException("a response has no Content-Length");
        }
        if (expectedBody.length > 0 && contentLength != expectedBody.length) {
            throw new LoadException("a body has " + contentLength + " bytes, not " + expectedBody.length);
        }
        inFields = false;
        inBody = true;
        bodyBytes = 0;
    }

    /** Whether a line begins with {@code name}, which is in lower case. */
    private static boolean begins(byte[] line, int from, int to, byte[] name) {
        if (to - from < name.length) {
            return false;
        }
        for (int i = 0; i < name.length; i++) {
            byte seen = line[from + i];
            if ((seen >= 'A' && seen <= 'Z' ? seen + ('a' - 'A') : seen) != name[i]) {
                return false;
            }
        }
        return true;
    }

    private static int number(byte[] line, int from, int to) {
        int at = from;
        while (at < to && line[at] == ' ') {
            at++;
        }
        int value = 0;
        boolean digits = at < to && to - at <= DIGITS_MAX;
        for (int i = at; i < to && digits; i++) {
            digits = line[i] >= '0' && line[i] <= '9';
            value = 10 * value + line[i] - '0';
        }
        if (!digits) {
            throw new LoadException("a response has " + new String(line, 0, to, ISO_8859_1).strip());
        }
        return value;
    }
}
