package io.hotpath.netty;

import io.hotpath.engine.Leases;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import org.jspecify.annotations.Nullable;

/**
 * A lease as Netty's users see it: exactly the received bytes, in the ring's own buffer, which goes back when the last
 * reference is released. There is a new one for each lease, so a stale reference never reaches what another client sent.
 * Released on any thread.
 */
final class LentBuffer extends UnpooledDirectByteBuf {
    private static final ResourceLeakDetector<LentBuffer> LEAKS =
            ResourceLeakDetectorFactory.instance().newResourceLeakDetector(LentBuffer.class);

    private final Leases leases;
    private final long lease;
    private final @Nullable ResourceLeakTracker<LentBuffer> leak;

    /** @param lease ends with this buffer */
    LentBuffer(ByteBufAllocator allocator, Leases leases, long lease) {
        super(allocator, leases.view(lease), leases.length(lease)); // no spare room that a decoder could write into
        this.leases = leases;
        this.lease = lease;
        leak = LEAKS.track(this);
    }

    @Override
    public ByteBuf touch() {
        ResourceLeakTracker<LentBuffer> tracker = leak;
        if (tracker != null) {
            tracker.record();
        }
        return this;
    }

    @Override
    public ByteBuf touch(Object hint) {
        ResourceLeakTracker<LentBuffer> tracker = leak;
        if (tracker != null) {
            tracker.record(hint);
        }
        return this;
    }

    @Override
    protected void deallocate() {
        super.deallocate(); // also what it grew or shrank into
        leases.release(lease);
        ResourceLeakTracker<LentBuffer> tracker = leak;
        if (tracker != null) {
            tracker.close(this);
        }
    }
}
