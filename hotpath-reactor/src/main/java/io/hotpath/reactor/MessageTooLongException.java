package io.hotpath.reactor;

import java.io.IOException;

/** A peer sent more than the limit permits. */
public final class MessageTooLongException extends IOException {
    private final int maxBytes;

    /** A message that is longer than {@code maxBytes}. */
    public MessageTooLongException(int maxBytes) {
        super("Message too long: more than " + maxBytes + " bytes");
        this.maxBytes = maxBytes;
    }

    /** The limit in bytes. */
    public int maxBytes() {
        return maxBytes;
    }
}
