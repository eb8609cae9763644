package io.hotpath.reactor;

import java.io.EOFException;
import java.io.IOException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Cuts what a connection receives into frames.
 *
 * {@snippet class="io.hotpath.snippets.FrameSnippets" region="lines"}
 *
 * <p>Each buffer is copied and given back within its {@code onNext}. Whatever the boundaries of the buffers are, the frames
 * are the same. A frame that is not whole is kept, up to its limit; frames that are whole wait for demand, and no further
 * buffer is asked for meanwhile.
 *
 * <p><b>Errors.</b> {@link MessageTooLongException} as soon as a frame must be longer than its limit, and {@link EOFException}
 * if the end comes inside a frame; the frames before are emitted first.
 *
 * <p><b>Ownership.</b> Frames are the subscriber's own arrays; nothing has to be released. <b>Thread.</b> That of the buffers, a
 * connection's loop. <b>Room.</b> One frame up to its limit, what one buffer made whole beyond demand, and one buffer.
 *
 * <p>Each result can be subscribed to by many connections, one state per subscriber.
 */
public final class Frames {
    private Frames() {}

    /**
     * Frames that end with {@code delimiter}, which is not part of them; they may be empty.
     *
     * @param delimiter at least one byte
     * @param maxBytes  the longest frame without its delimiter, at least 1
     */
    public static Function<Flux<HotpathBuffer>, Flux<byte[]>> delimited(byte[] delimiter, int maxBytes) {
        if (delimiter.length == 0) {
            throw new IllegalArgumentException("the delimiter is empty");
        }
        Aggregate.requireMax(maxBytes);
        byte[] own = delimiter.clone();
        return cut(() -> new FrameCutter.Delimited(own, maxBytes));
    }

    /**
     * Frames of {@code bytes} bytes.
     *
     * @param bytes at least 1
     */
    public static Function<Flux<HotpathBuffer>, Flux<byte[]>> fixed(int bytes) {
        Aggregate.requireMax(bytes);
        return cut(() -> new FrameCutter.Fixed(bytes));
    }

    /**
     * Frames that follow their length, an unsigned big-endian number that counts the bytes after it. The length is not part of
     * them; they may be empty.
     *
     * @param lengthBytes bytes of the number, 1..4
     * @param maxBytes    the longest frame without its length, at least 1
     */
    public static Function<Flux<HotpathBuffer>, Flux<byte[]>> lengthPrefixed(int lengthBytes, int maxBytes) {
        requireLengthBytes(lengthBytes);
        Aggregate.requireMax(maxBytes);
        return cut(() -> new FrameCutter.Prefixed(lengthBytes, maxBytes));
    }

    /**
     * Frames with their header, in which an unsigned big-endian number says how long they are. A frame has {@code lengthOffset +
     * lengthBytes + adjustment + number} bytes, all of which are emitted: the header has more to say, or the number could come
     * first. Fails with {@link java.net.ProtocolException} if a number makes a frame shorter than what precedes and contains it.
     *
     * @param lengthOffset bytes of a frame before its number, at least 0
     * @param lengthBytes  bytes of the number, 1..4
     * @param adjustment   what the number does not count although it follows it, such as the rest of a header; negative if it
     *                     counts what precedes it, or itself
     * @param maxBytes     the longest frame, at least {@code lengthOffset + lengthBytes}
     */
    public static Function<Flux<HotpathBuffer>, Flux<byte[]>> lengthField(
            int lengthOffset, int lengthBytes, int adjustment, int maxBytes) {
        if (lengthOffset < 0) {
            throw new IllegalArgumentException("lengthOffset is " + lengthOffset + ", must be at least 0");
        }
        requireLengthBytes(lengthBytes);
        if (maxBytes < (long) lengthOffset + lengthBytes) {
            throw new IllegalArgumentException("maxBytes is " + maxBytes + ", must be at least "
                    + ((long) lengthOffset + lengthBytes) + " for the length alone");
        }
        return cut(() -> new FrameCutter.Headed(lengthOffset, lengthBytes, adjustment, maxBytes));
    }

    private static void requireLengthBytes(int lengthBytes) {
        if (lengthBytes < 1 || lengthBytes > 4) {
            throw new IllegalArgumentException("lengthBytes is " + lengthBytes + ", must be 1..4");
        }
    }

    private static Function<Flux<HotpathBuffer>, Flux<byte[]>> cut(Supplier<FrameCutter> cutters) {
        return buffers -> Flux.defer(() -> {
            FrameCutter cutter = cutters.get();
            // the copy is made before anything queues: the buffer goes back within its onNext
            return buffers.map(HotpathBuffer::toByteArray)
                    .concatMap(piece -> failing(Flux.fromIterable(cutter.cut(piece)), cutter.failure()), 1)
                    .concatWith(Flux.defer(() -> failing(Flux.empty(), cutter.failureAtEnd())));
        });
    }

    private static Flux<byte[]> failing(Flux<byte[]> frames, @Nullable IOException failure) {
        return failure == null ? frames : frames.concatWith(Mono.error(failure));
    }
}
