package io.hotpath.ring;

/** What a completion of a hand-driven {@link HotpathRing} completes. The codes are the op byte of its user data. */
public enum OpKind {
    /** A connection: the result is its descriptor. */
    ACCEPT(1),
    /** Bytes in a buffer of the buffer ring, or 0 for the end of input. */
    RECV(2),
    /** Bytes sent. */
    SEND(3),
    /** A descriptor closed. */
    CLOSE(4);

    private static final OpKind[] BY_CODE = {null, ACCEPT, RECV, SEND, CLOSE};

    private final int code;

    OpKind(int code) {
        this.code = code;
    }

    /** The op byte in user data, 1 to 4. */
    public int code() {
        return code;
    }

    static OpKind of(int code) {
        return BY_CODE[code];
    }
}
