package io.hotpath.reactor;

import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers pieces and cuts frames from them. One subscriber's; one thread at a time. */
abstract class FrameCutter {
    final int maxBytes;
    byte[] bytes = new byte[0];
    int from;
    int to;
    private @Nullable IOException failure;

    FrameCutter(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** The next whole frame between {@link #from} and {@link #to}, past which it moves; {@code null} if there is none. */
    abstract byte @Nullable [] next();

    /** The frames that {@code piece} makes whole, up to the first that is wrong. The piece is the cutter's from here on. */
    final List<byte[]> cut(byte[] piece) {
        append(piece);
        List<byte[]> frames = new ArrayList<>();
        for (byte[] frame = next(); frame != null; frame = next()) {
            frames.add(frame);
        }
        return frames;
    }

    /** What is wrong with the frame after those that were cut. */
    final @Nullable IOException failure() {
        return failure;
    }

    /** What is wrong if nothing follows. */
    final @Nullable IOException failureAtEnd() {
        return from == to ? failure
                : new EOFException("the end came inside a frame, after " + (to - from) + " bytes of it");
    }

    final byte @Nullable [] tooLong() {
        failure = new MessageTooLongException(maxBytes);
        return null;
    }

    /** The frame from {@code start} to {@code end}; the next one begins at {@code after}. */
    final byte[] take(int start, int end, int after) {
        byte[] frame = Arrays.copyOfRange(bytes, start, end);
        from = after;
        return frame;
    }

    private void append(byte[] piece) {
        int kept = to - from;
        if (kept == 0) {
            bytes = piece;
            from = 0;
            to = piece.length;
            return;
        }
        if (piece.length > bytes.length - to) {
            int needed = kept + piece.length;
            byte[] room = needed > bytes.length ? new byte[Math.max(needed, 2 * kept)] : bytes;
            System.arraycopy(bytes, from, room, 0, kept);
            bytes = room;
            from = 0;
            to = kept;
        }
        System.arraycopy(piece, 0, bytes, to, piece.length);
        to += piece.length;
    }

    /** {@link Frames#delimited}. */
    static final class Delimited extends FrameCutter {
        private final byte[] delimiter;

        /** From {@link #from} on, no delimiter begins in this many bytes. */
        private int scanned;

        Delimited(byte[] delimiter, int maxBytes) {
            super(maxBytes);
            this.delimiter = delimiter;
        }

        @Override
        byte @Nullable [] next() {
            int length = delimiter.length;
            for (int at = from + scanned; at <= to - length; at++) {
                if (at - from > maxBytes) {
                    return tooLong();
                }
                if (Arrays.equals(bytes, at, at + length, delimiter, 0, length)) {
                    scanned = 0;
                    return take(from, at, at + length);
                }
            }
            scanned = Math.max(0, to - from - length + 1);
            return scanned > maxBytes ? tooLong() : null;
        }
    }

    /** {@link Frames#fixed}. */
    static final class Fixed extends FrameCutter {
        Fixed(int frameBytes) {
            super(frameBytes);
        }

        @Override
        byte @Nullable [] next() {
            return to - from < maxBytes ? null : take(from, from + maxBytes, from + maxBytes);
        }
    }

    /** {@link Frames#lengthPrefixed}. */
    static final class Prefixed extends FrameCutter {
        private final int lengthBytes;

        Prefixed(int lengthBytes, int maxBytes) {
            super(maxBytes);
            this.lengthBytes = lengthBytes;
        }

        @Override
        byte @Nullable [] next() {
            if (to - from < lengthBytes) {
                return null;
            }
            long length = 0;
            for (int i = 0; i < lengthBytes; i++) {
                length = (length << 8) | (bytes[from + i] & 0xFF);
            }
            if (length > maxBytes) {
                return tooLong();
            }
            int start = from + lengthBytes;
            int end = start + (int) length;
            return to - start < length ? null : take(start, end, end);
        }
    }
}
