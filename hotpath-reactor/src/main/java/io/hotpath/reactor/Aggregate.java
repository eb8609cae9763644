package io.hotpath.reactor;

import java.util.Arrays;

/** Bytes that are gathered up to a limit. One thread at a time. */
final class Aggregate {
    private static final int FIRST_BYTES = 512;

    private final int maxBytes;
    private byte[] bytes = new byte[0];
    private int count;

    Aggregate(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    static int requireMax(int maxBytes) {
        if (maxBytes < 1) {
            throw new IllegalArgumentException("maxBytes is " + maxBytes + ", must be at least 1");
        }
        return maxBytes;
    }

    /** Returns whether there was room. */
    boolean add(HotpathBuffer buffer) {
        int length = buffer.length();
        if (length > maxBytes - count) {
            return false;
        }
        if (length > bytes.length - count) {
            long wanted = Math.max(Math.max(FIRST_BYTES, 2L * bytes.length), (long) count + length);
            bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, maxBytes));
        }
        buffer.copyTo(0, bytes, count, length);
        count += length;
        return true;
    }

    byte[] bytes() {
        return Arrays.copyOf(bytes, count);
    }
}
