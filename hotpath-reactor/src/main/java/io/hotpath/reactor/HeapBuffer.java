package io.hotpath.reactor;

import java.nio.ByteBuffer;

/** Bytes of the caller's own; nobody else waits for them, so releasing only marks them as gone. */
final class HeapBuffer implements HotpathBuffer {
    private final byte[] bytes;

    /** Set by whoever releases, read by all; a caller's mistake is worth finding here too. */
    private volatile boolean released;

    HeapBuffer(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public int length() {
        return held().length;
    }

    @Override
    public byte byteAt(int index) {
        return held()[index];
    }

    @Override
    public void copyTo(int index, byte[] target, int at, int count) {
        System.arraycopy(held(), index, target, at, count);
    }

    @Override
    public void copyTo(ByteBuffer target) {
        target.put(held());
    }

    @Override
    public HotpathBuffer retain() {
        held();
        return this;
    }

    @Override
    public void release() {
        held();
        released = true;
    }

    @Override
    public boolean released() {
        return released;
    }

    /** Makes this object stale and a fresh one the owner. */
    HeapBuffer move() {
        HeapBuffer moved = new HeapBuffer(held());
        released = true;
        return moved;
    }

    byte[] held() {
        if (released) {
            throw new IllegalStateException("the buffer was released or sent before");
        }
        return bytes;
    }

    @Override
    public String toString() {
        return "HotpathBuffer[" + bytes.length + " bytes of your own" + (released ? ", released]" : "]");
    }
}
