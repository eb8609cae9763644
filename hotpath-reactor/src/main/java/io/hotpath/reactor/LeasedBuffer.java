package io.hotpath.reactor;

import io.hotpath.engine.Leases;
import java.nio.ByteBuffer;

/** A lease of an engine's buffer. */
final class LeasedBuffer implements HotpathBuffer {
    private final Leases leases;
    private final long lease;
    private final int length;

    /** Set in {@code onNext} on the loop thread, read there right after it. */
    private boolean retained;

    LeasedBuffer(Leases leases, long lease, int length) {
        this.leases = leases;
        this.lease = lease;
        this.length = length;
    }

    @Override
    public int length() {
        return leases.length(lease);
    }

    @Override
    public byte byteAt(int index) {
        return leases.byteAt(lease, index);
    }

    @Override
    public void copyTo(int index, byte[] target, int at, int count) {
        leases.copy(lease, index, target, at, count);
    }

    @Override
    public void copyTo(ByteBuffer target) {
        leases.copy(lease, 0, target, length);
    }

    @Override
    public HotpathBuffer retain() {
        leases.length(lease);
        retained = true;
        return this;
    }

    @Override
    public void release() {
        leases.release(lease);
    }

    @Override
    public boolean released() {
        return !leases.held(lease);
    }

    Leases leases() {
        return leases;
    }

    long lease() {
        return lease;
    }

    /** After {@code onNext}: back it goes, unless it was sent, released or retained there. */
    void releaseUnlessTaken() {
        if (!retained && leases.held(lease)) {
            leases.release(lease);
        }
    }

    /** Nobody will take it any more. */
    void discard() {
        if (leases.held(lease)) {
            leases.release(lease);
        }
    }

    @Override
    public String toString() {
        return "HotpathBuffer[" + length + " bytes" + (released() ? ", released]" : "]");
    }
}
