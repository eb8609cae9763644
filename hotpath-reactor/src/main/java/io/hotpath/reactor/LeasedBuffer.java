package io.hotpath.reactor;

import io.hotpath.engine.Leases;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;

/** A lease of an engine's buffer. */
final class LeasedBuffer implements HotpathBuffer {
    private final Leases leases;
    private final long lease;
    private final int length;

    /** Set in {@code onNext} on the loop thread, read there right after it. */
    private boolean retained;

    /**
     * The lease belongs to another object. Set by the owner, in any thread; the engine checks the lease itself, this one only
     * keeps its former owner from using what is on its way to another thread.
     */
    private volatile boolean moved;

    LeasedBuffer(Leases leases, long lease, int length) {
        this.leases = leases;
        this.lease = lease;
        this.length = length;
    }

    @Override
    public int length() {
        return leases.length(own());
    }

    @Override
    public byte byteAt(int index) {
        return leases.byteAt(own(), index);
    }

    @Override
    public void copyTo(int index, byte[] target, int at, int count) {
        leases.copy(own(), index, target, at, count);
    }

    @Override
    public void copyTo(ByteBuffer target) {
        long own = own();
        if (target.remaining() < length) {
            throw new BufferOverflowException();
        }
        leases.copy(own, 0, target, length);
    }

    @Override
    public HotpathBuffer retain() {
        leases.length(own());
        retained = true;
        return this;
    }

    @Override
    public void release() {
        leases.release(own());
    }

    @Override
    public boolean released() {
        return moved || !leases.held(lease);
    }

    /** The lease, to send it. */
    long own() {
        if (moved) {
            throw new IllegalStateException("the buffer was released or sent before");
        }
        return lease;
    }

    boolean isOf(Leases engine) {
        return leases == engine;
    }

    /** Makes this object stale and a fresh one the owner. */
    LeasedBuffer move() {
        leases.length(own());
        moved = true;
        return new LeasedBuffer(leases, lease, length);
    }

    /** After {@code onNext}: back it goes, unless it was sent, released or retained there. */
    void releaseUnlessTaken() {
        if (!retained) {
            discard();
        }
    }

    /** Nobody will take it any more. */
    void discard() {
        if (!released()) {
            leases.release(lease);
        }
    }

    @Override
    public String toString() {
        return "HotpathBuffer[" + length + " bytes" + (released() ? ", released]" : "]");
    }
}
