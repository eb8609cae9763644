package io.hotpath.engine;

import io.hotpath.KernelPolicy;
import io.hotpath.kernel.RingSetup;
import io.hotpath.ring.BufferRing;
import io.hotpath.ring.RingConfig;
import java.time.Duration;

/**
 * The sizes and limits of an engine. Immutable; start from {@link #DEFAULT}.
 *
 * @param entries           submission queue entries
 * @param buffers           receive buffers of the main group, a power of two, 1..32768
 * @param bufferBytes       bytes of each buffer
 * @param copyBytesMax      memory for bytes that must leave the ring buffers, and for what callers send from the heap;
 *                          touched only when used
 * @param leaseQuota        buffers that one connection may hold before it is parked; 0 takes {@code max(2, buffers / 16)}
 * @param outboundPauseBytes unsent bytes at which a connection receives no more until half of them are sent, unless its
 *                          demand is its own, see {@link Connection#leaveCredit}
 * @param outboundBytesMax  unsent bytes of a connection beyond which a send is refused with {@code ENOBUFS}
 * @param acceptWaitMax     accepted connections that wait for demand before accept is cancelled
 * @param connectionsMax    connections at a time; one more is reset at once
 * @param closeTimeout      how long a graceful close may take to send what is queued before it becomes a reset
 * @param lingerTimeout     how long a closing connection waits for its peer's end after its own
 * @param restricted        whether the kernel refuses ring operations that Hotpath does not use
 * @param policy            which kernel may serve it
 * @param limits            how long a peer may keep a connection waiting
 * @param busyPoll          how long a loop looks again and again after the last completion before it sleeps: less latency for
 *                          a busy core; zero sleeps at once
 */
public record EngineConfig(
        int entries,
        int buffers,
        int bufferBytes,
        long copyBytesMax,
        int leaseQuota,
        int outboundPauseBytes,
        long outboundBytesMax,
        int acceptWaitMax,
        int connectionsMax,
        Duration closeTimeout,
        Duration lingerTimeout,
        boolean restricted,
        KernelPolicy policy,
        Limits limits,
        Duration busyPoll) {

    /** 1024 entries and 512 buffers of 8192 bytes; each limit as its accessor says. */
    public static final EngineConfig DEFAULT = new EngineConfig(
            1024,
            512,
            8192,
            64L << 20,
            0,
            64 << 10,
            16L << 20,
            64,
            1 << 18,
            Duration.ofSeconds(10),
            Duration.ofSeconds(1),
            true,
            KernelPolicy.AUTO,
            Limits.DEFAULT,
            Duration.ZERO);

    static final int MAIN_GROUP = 0;
    static final int RESERVE_GROUP = 1;

    /** No limit on the buffers that one connection may hold. */
    public static final int QUOTA_UNLIMITED = Integer.MAX_VALUE;

    public EngineConfig {
        new RingConfig(entries, buffers, bufferBytes, restricted, policy);
        if (leaseQuota == 0) {
            leaseQuota = Math.max(2, buffers / 16);
        }
        requirePositive("leaseQuota", leaseQuota, "a connection needs a buffer to receive into");
        requirePositive("copyBytesMax", copyBytesMax, "what callers send from the heap is gathered there");
        requirePositive("outboundPauseBytes", outboundPauseBytes, "a connection could never receive");
        requirePositive("outboundBytesMax", outboundBytesMax, "a connection could never send");
        requirePositive("acceptWaitMax", acceptWaitMax, "an accepted connection needs a place to wait");
        requirePositive("connectionsMax", connectionsMax, "an engine without connections does nothing");
        if (busyPoll.isNegative()) {
            throw new IllegalArgumentException("busyPoll is " + busyPoll + ", must not be negative: zero is off");
        }
        requirePositive("closeTimeout", closeTimeout.toNanos(), "use reset() to close without waiting");
    }

    private static void requirePositive(String name, long value, String why) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " is " + value + ", must be at least 1: " + why);
        }
    }

    /** Buffers of the second group, which serves connections that hold nothing while the main group is empty. */
    int reserveBuffers() {
        return Integer.highestOneBit(Math.max(1, Math.min(buffers / 8, BufferRing.ENTRIES_MAX)));
    }

    int copyBuffers() {
        return (int) Math.min(Math.max(copyBytesMax / bufferBytes, 16), 1 << 20);
    }

    /** Held buffers at which a parked connection receives again. */
    int lowWater() {
        return leaseQuota / 2;
    }

    RingSetup ringSetup() {
        return new RingSetup(entries, RingConfig.cqEntries(entries, buffers + reserveBuffers()), restricted);
    }

    public EngineConfig withEntries(int value) {
        return new EngineConfig(value, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, policy,
                limits, busyPoll);
    }

    /** Also sets the quota back to its default for that many buffers. */
    public EngineConfig withBuffers(int count, int bytes) {
        return new EngineConfig(entries, count, bytes, copyBytesMax, 0, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, policy,
                limits, busyPoll);
    }

    public EngineConfig withCopyBytesMax(long value) {
        return new EngineConfig(entries, buffers, bufferBytes, value, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, policy,
                limits, busyPoll);
    }

    public EngineConfig withLeaseQuota(int value) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, value, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, policy,
                limits, busyPoll);
    }

    public EngineConfig withOutbound(int pauseBytes, long bytesMax) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, pauseBytes,
                bytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, policy, limits,
                busyPoll);
    }

    public EngineConfig withAcceptWaitMax(int value) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, value, connectionsMax, closeTimeout, lingerTimeout, restricted, policy, limits,
                busyPoll);
    }

    public EngineConfig withConnectionsMax(int value) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, value, closeTimeout, lingerTimeout, restricted, policy, limits,
                busyPoll);
    }

    public EngineConfig withCloseTimeout(Duration close, Duration linger) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, close, linger, restricted, policy, limits, busyPoll);
    }

    public EngineConfig withRestricted(boolean value) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, value, policy, limits,
                busyPoll);
    }

    public EngineConfig withPolicy(KernelPolicy value) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, value,
                limits, busyPoll);
    }

    /** How long a peer may keep a connection waiting. */
    public EngineConfig withLimits(Limits value) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, policy,
                value, busyPoll);
    }

    /** Zero or more; see {@link #busyPoll}. It burns a core while connections are active: measure before you set it. */
    public EngineConfig withBusyPoll(Duration value) {
        return new EngineConfig(entries, buffers, bufferBytes, copyBytesMax, leaseQuota, outboundPauseBytes,
                outboundBytesMax, acceptWaitMax, connectionsMax, closeTimeout, lingerTimeout, restricted, policy,
                limits, value);
    }
}
