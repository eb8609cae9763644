package io.hotpath.reactor;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;

/**
 * Bytes that were received, in the kernel's buffer until they are released, or bytes of your own to send. Readable from any
 * thread; each reader checks that the buffer is still yours and throws {@link IllegalStateException} if it was released or
 * sent, also when the memory already holds another client's bytes.
 *
 * <p>Positions and lengths are in bytes; one outside of the buffer is an {@link IndexOutOfBoundsException}. {@code retain},
 * {@code release} and sending are for its owner, in any thread; the table of {@linkplain io.hotpath.reactor this package} says
 * who that is.
 *
 * {@snippet class="io.hotpath.snippets.ConnectionSnippets" region="buffer"}
 */
public sealed interface HotpathBuffer permits LeasedBuffer, HeapBuffer {
    /** A buffer over {@code bytes}, which stay as they are until they are sent. */
    static HotpathBuffer wrap(byte[] bytes) {
        return new HeapBuffer(bytes);
    }

    /** The bytes of {@code text}. */
    static HotpathBuffer of(String text, Charset charset) {
        return new HeapBuffer(text.getBytes(charset));
    }

    /** How many bytes it holds. */
    int length();

    /** The byte at {@code index}, {@code 0..length() - 1}. */
    byte byteAt(int index);

    /** Copies {@code count} bytes from {@code index} on to {@code target} from {@code at} on. */
    void copyTo(int index, byte[] target, int at, int count);

    /** Copies everything to {@code target}, whose position moves on. */
    void copyTo(ByteBuffer target);

    /** Keeps a buffer of {@code receive()} beyond {@code onNext}; {@link #release} it later. Returns this. */
    HotpathBuffer retain();

    /**
     * Gives the buffer back; the kernel may fill it again.
     *
     * @throws IllegalStateException if it was released or sent before
     */
    void release();

    /** Whether it was released or sent. */
    boolean released();

    /** A copy of the bytes. */
    default byte[] toByteArray() {
        byte[] bytes = new byte[length()];
        copyTo(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** The bytes as text. A character that is split between two buffers is broken: frame before you decode. */
    default String toString(Charset charset) {
        return new String(toByteArray(), charset);
    }
}
