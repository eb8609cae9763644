package io.hotpath.reactor;

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
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

    final byte @Nullable [] wrong(String how) {
        failure = new ProtocolException(how);
        return null;
    }

    /** The unsigned number of {@code count} bytes, at most 4, from {@code start} on. */
    final long number(int start, int count) {
        long number = 0;
        for (int i = start; i < start + count; i++) {
            number = (number << 8) | (bytes[i] & 0xFF);
        }
        return number;
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
            long length = number(from, lengthBytes);
            if (length > maxBytes) {
                return tooLong();
            }
            int start = from + lengthBytes;
            int end = start + (int) length;
            return to - start < length ? null : take(start, end, end);
        }
    }

    /** {@link Frames#lengthField}. */
    static final class Headed extends FrameCutter {
        private final int lengthOffset;
        private final int lengthBytes;
        private final int adjustment;

        Headed(int lengthOffset, int lengthBytes, int adjustment, int maxBytes) {
            super(maxBytes);
            this.lengthOffset = lengthOffset;
            this.lengthBytes = lengthBytes;
            this.adjustment = adjustment;
        }

        @Override
        byte @Nullable [] next() {
            int known = lengthOffset + lengthBytes;
            if (to - from < known) {
                return null;
            }
            long number = number(from + lengthOffset, lengthBytes);
            long length = (long) known + adjustment + number;
            if (length < known) {
                return wrong("a frame says that it has " + length + " bytes, less than the " + known + " that say it");
            }
            if (length > maxBytes) {
                return tooLong();
            }
            int end = from + (int) length;
            return to - from < length ? null : take(from, end, end);
        }
    }
}
