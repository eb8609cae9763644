package io.hotpath.netty;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.Leases;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The full buffers that one channel has just received, until they are handed over as one read: what came at once goes through
 * the pipeline at once. There is one for each loop, and a channel's stay in it no longer than its turn lasts. Loop thread.
 */
final class Gathering {
    /** Netty's default for the longest read. */
    private static final int BYTES_MAX = 64 << 10;

    private final int bufferBytes;
    private final long[] leases;
    private int count;
    private int bytes;
    private @Nullable StreamInput owner;

    /** Takes no more buffers than a channel may keep for itself, so that it is not stopped for what is gathered. */
    Gathering(EngineConfig config) {
        bufferBytes = config.bufferBytes();
        leases = new long[Math.max(Math.min(BYTES_MAX / bufferBytes, config.leaseQuota() / 4), 1)];
    }

    /** Whether a receive of {@code length} has filled its buffer, so that more may have come with it. */
    boolean fills(int length) {
        return length == bufferBytes;
    }

    boolean of(StreamInput input) {
        return owner == input;
    }

    /** Keeps {@code lease} for {@code input}, after handing over those of another channel. */
    void add(StreamInput input, long lease, int length) {
        StreamInput before = owner;
        if (before != null && before != input) {
            before.handOver();
        }
        owner = input;
        leases[count++] = lease;
        bytes += length;
    }

    /** Whether another full buffer has no place, or makes a longer read than {@code bytesMax}. */
    boolean ends(int bytesMax) {
        return count == leases.length || bytes + bufferBytes > bytesMax;
    }

    int count() {
        return count;
    }

    int bytes() {
        return bytes;
    }

    /** The only lease, which is the caller's from now on. */
    long takeOne() {
        end();
        return leases[0];
    }

    /** Appends everything to {@code target}, which has room for it, and gives the buffers back. */
    void moveTo(ByteBuf target, Leases from) {
        for (int i = 0; i < count; i++) {
            append(from, leases[i], target);
        }
        release(from);
    }

    /** Appends the bytes of {@code lease} to {@code target}, which has room for them. */
    static void append(Leases from, long lease, ByteBuf target) {
        int at = target.writerIndex();
        int length = from.length(lease);
        if (target.hasMemoryAddress()) {
            from.copy(lease, 0, target.memoryAddress() + at, length);
        } else {
            from.copy(lease, 0, target.internalNioBuffer(at, length), length);
        }
        target.writerIndex(at + length);
    }

    /** Gives the buffers back unread. */
    void release(Leases to) {
        for (int i = 0; i < count; i++) {
            to.release(leases[i]);
        }
        end();
    }

    private void end() {
        owner = null;
        count = 0;
        bytes = 0;
    }
}
