package io.hotpath.engine;

import java.time.Duration;

/**
 * How long a peer may keep a connection waiting. A connection beyond one of these is reset (the peer sees RST, so that a flood
 * leaves no sockets behind) and reports {@code closed} with {@code ETIMEDOUT}; each limit has its counter in {@link
 * EngineStats}. Start from {@link #DEFAULT} or {@link #OFF}.
 *
 * <p>Only the peer's slowness counts. A clock runs while something is owed by the peer, and begins anew when the engine or its
 * application is the one that waits: no demand, no credit, bytes that were received and not taken, a quota or buffers used up.
 *
 * <p>Time is looked at from time to time, not per message: every eighth of the shortest limit, at least every 10 seconds. A
 * connection is never reset early, and late by a quarter of the shortest limit at most, or by 20 seconds if that is less. A
 * failover does not begin these clocks anew.
 *
 * <p>Room has its own limits in {@link EngineConfig}: {@code connectionsMax}, {@code leaseQuota}, {@code outboundBytesMax}.
 *
 * @param firstByteNanos     for the first byte of an accepted connection, from when the application asks for it. Off by
 *                           default: in many protocols the server speaks first, and a pool keeps connections unused
 * @param idleNanos          without a byte in either direction, while the application asks for bytes, has bytes to send, or was
 *                           told that the peer's side has ended. Off by default: connections that are quiet for hours are
 *                           normal, and the kernel's keep-alive finds dead peers
 * @param readProgressNanos  a period in which the peer has to send {@code readProgressBytes} if the application asks for bytes
 *                           throughout; one period follows the other. Off by default: it is meant for a phase of a protocol
 *                           in which the peer owes bytes, and would end each quiet connection
 * @param readProgressBytes  see there, at least 1
 * @param writeProgressNanos without the peer's host taking a byte while bytes wait to be sent. 30 seconds by default: what is
 *                           unsent occupies memory, and a peer that reads at all takes something in that time
 */
public record Limits(
        long firstByteNanos, long idleNanos, long readProgressNanos, int readProgressBytes, long writeProgressNanos) {
    /** A limit that is off; 0 means the same. */
    public static final long NEVER = Long.MAX_VALUE;

    /** No limit of time. */
    public static final Limits OFF = new Limits(NEVER, NEVER, NEVER, 1, NEVER);

    /** Write progress within 30 seconds, nothing else. */
    public static final Limits DEFAULT = OFF.withWriteProgress(Duration.ofSeconds(30));

    private static final long SWEEP_NANOS_MIN = 1_000_000L;
    private static final long SWEEP_NANOS_MAX = 10_000_000_000L;

    public Limits {
        firstByteNanos = checked("firstByteNanos", firstByteNanos);
        idleNanos = checked("idleNanos", idleNanos);
        readProgressNanos = checked("readProgressNanos", readProgressNanos);
        writeProgressNanos = checked("writeProgressNanos", writeProgressNanos);
        if (readProgressBytes < 1) {
            throw new IllegalArgumentException(
                    "readProgressBytes is " + readProgressBytes
                            + ", must be at least 1: use readProgressNanos 0 for off");
        }
    }

    /** Whether a peer that nothing is sent to may take its time. */
    boolean onlyWrites() {
        return firstByteNanos == NEVER && idleNanos == NEVER && readProgressNanos == NEVER;
    }

    private static long checked(String name, long nanos) {
        if (nanos < 0) {
            throw new IllegalArgumentException(name + " is " + nanos + ", must not be negative: 0 is off");
        }
        return nanos == 0 ? NEVER : nanos;
    }

    /** Limits the time to the first byte of an accepted connection; {@link Duration#ZERO} for off. */
    public Limits withFirstByte(Duration limit) {
        return new Limits(limit.toNanos(), idleNanos, readProgressNanos, readProgressBytes, writeProgressNanos);
    }

    /** Limits the time without a byte in either direction; {@link Duration#ZERO} for off. */
    public Limits withIdle(Duration limit) {
        return new Limits(firstByteNanos, limit.toNanos(), readProgressNanos, readProgressBytes, writeProgressNanos);
    }

    /** Asks for {@code bytes} in each {@code period} in which they are wanted; {@link Duration#ZERO} for off. */
    public Limits withReadProgress(int bytes, Duration period) {
        return new Limits(firstByteNanos, idleNanos, period.toNanos(), bytes, writeProgressNanos);
    }

    /** Limits the time in which the peer takes nothing of what waits to be sent; {@link Duration#ZERO} for off. */
    public Limits withWriteProgress(Duration limit) {
        return new Limits(firstByteNanos, idleNanos, readProgressNanos, readProgressBytes, limit.toNanos());
    }

    /** Whether no limit is on. */
    boolean off() {
        return shortest() == NEVER;
    }

    /** The time between two looks at a connection. */
    long sweepNanos() {
        return Math.clamp(shortest() / 8, SWEEP_NANOS_MIN, SWEEP_NANOS_MAX);
    }

    private long shortest() {
        return Math.min(Math.min(firstByteNanos, idleNanos), Math.min(readProgressNanos, writeProgressNanos));
    }
}
