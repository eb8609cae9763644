package io.hotpath.bench.load;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The bytes that an echo connection sends over and over: a random period of all messages in flight, so that a message that is
 * swapped with another, repeated or lost does not look right. It is there twice, so that each run of messages is in one piece.
 */
final class Payload {
    private final int period;
    private final byte[] bytes;
    private final MemorySegment memory;

    Payload(Arena arena, long seed, int messageBytes, int inFlight) {
        period = messageBytes * inFlight;
        byte[] once = new byte[period];
        new SplittableRandom(seed).nextBytes(once);
        bytes = Arrays.copyOf(once, 2 * period);
        System.arraycopy(once, 0, bytes, period, period);
        memory = arena.allocate(bytes.length);
        memory.copyFrom(MemorySegment.ofArray(bytes));
    }

    /** {@code count} bytes, at most a period, from {@code offset} of the stream on. */
    MemorySegment slice(long offset, int count) {
        return memory.asSlice(offset % period, count);
    }

    /** Whether {@code count} bytes of {@code seen} are those of the stream from {@code offset} on. */
    boolean matches(long offset, byte[] seen, int count) {
        int at = 0;
        while (at < count) {
            int from = (int) ((offset + at) % period);
            int part = Math.min(count - at, period);
            if (!Arrays.equals(seen, at, at + part, bytes, from, from + part)) {
                return false;
            }
            at += part;
        }
        return true;
    }
}
