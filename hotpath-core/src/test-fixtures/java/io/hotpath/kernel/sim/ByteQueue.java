package io.hotpath.kernel.sim;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** A growing first-in first-out queue of bytes. */
final class ByteQueue {
    private byte[] bytes = new byte[256];
    private int start;
    private int size;

    int size() {
        return size;
    }

    void add(byte[] source) {
        add(MemorySegment.ofArray(source));
    }

    void add(MemorySegment source) {
        int count = Math.toIntExact(source.byteSize());
        reserve(count);
        MemorySegment.copy(source, JAVA_BYTE, 0, bytes, start + size, count);
        size += count;
    }

    /** Moves the first bytes into {@code target} until it is full. */
    void take(MemorySegment target) {
        int count = Math.toIntExact(target.byteSize());
        assert count <= size;
        MemorySegment.copy(bytes, start, target, JAVA_BYTE, 0, count);
        start += count;
        size -= count;
    }

    byte[] peek() {
        return Arrays.copyOfRange(bytes, start, start + size);
    }

    byte[] takeAll() {
        byte[] all = peek();
        start = 0;
        size = 0;
        return all;
    }

    private void reserve(int count) {
        if (start + size + count <= bytes.length) {
            return;
        }
        int capacity = Math.max(bytes.length, Math.addExact(size, count) * 2);
        byte[] target = size + count <= bytes.length / 2 ? bytes : new byte[capacity];
        System.arraycopy(bytes, start, target, 0, size);
        bytes = target;
        start = 0;
    }
}
