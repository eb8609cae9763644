package io.hotpath.engine;

import org.jspecify.annotations.Nullable;

/**
 * Counters and gauges of one engine at a moment. Exact on the loop thread; from another thread each value may be some turns
 * old. Counters only grow.
 *
 * @param kernel            the kernel below, such as {@code io_uring}
 * @param refusal           why it is not the first kernel of the policy, {@code null} if it is
 * @param turns             turns of the engine
 * @param enters            calls of {@code io_uring_enter} or what stands for it
 * @param submissions       SQEs that the kernel took
 * @param completions       CQEs that were handled
 * @param overflows         drains that left completions waiting in the kernel, because the queue was full; none is lost
 * @param connections       open connections, waiting ones included
 * @param accepted          connections accepted
 * @param acceptErrors      accepts that failed; most of them are repeated after a pause
 * @param acceptPauses      times that accept was cancelled for want of demand
 * @param refused           connections reset because the limit of {@link EngineConfig} was reached
 * @param closedInOrder     connections closed by either side without an error
 * @param closedByFailure   connections that a network or peer error ended
 * @param closedByReset     connections that were reset from this side
 * @param closeDeadlines    graceful closes that ran out of time
 * @param bytesIn           bytes received
 * @param bytesOut          bytes sent
 * @param receives          leases that were filled
 * @param sends             send submissions that completed
 * @param sendShort         of these, those that sent less than asked and were continued
 * @param enobufs           receives that found the buffer ring empty
 * @param parks             times that a connection reached its quota and its receive was stopped
 * @param rearms            receives armed after the first of a connection
 * @param copiedOut         ring buffers whose bytes the engine moved elsewhere to get them back
 * @param reserveServed     receives served from the reserve group
 * @param quotaStuck        connections that sit at their quota with unmet demand: their handler holds the buffers
 * @param leasesHeld        buffers in the application's hands
 * @param copiesHeld        copy buffers in use
 * @param buffersFree       main buffers that the kernel can fill
 * @param kernelBuffers     receive buffers, main and reserve, that the kernel has
 * @param engineBuffers     receive buffers with bytes that wait in the engine: parked, or being sent
 * @param applicationBuffers receive buffers in the application's hands
 * @param idleBuffers       receive buffers that nobody has: on their way back, or there is no ring
 * @param staleCompletions  completions without an owner; 0 unless something is wrong
 * @param staleLeases       uses of a lease after its release; 0 unless a caller is wrong
 * @param unexpectedErrnos  errors that only our own mistakes can cause; 0 unless something is wrong
 * @param handlerFailures   handlers that threw; their connections were reset
 * @param leakedBytes       buffer memory that was left mapped because the kernel might still write into it; 0 unless a
 *                          kernel did not answer at the end
 * @param loopBlocked       times that the watchdog found the loop blocked by a handler
 * @param failovers         moves to another ring
 * @param closedByLoss      connections reset because a ring died and bytes of theirs may have been lost with it
 * @param movedSending      connections that moved with a send in flight
 * @param movedParked       connections that moved with undelivered bytes
 * @param sendsRefused      send calls refused with {@code ENOBUFS}: beyond {@code outboundBytesMax}, or no copy memory left
 * @param timeoutsFirstByte connections reset because their first byte did not come in time, see {@link Limits}
 * @param timeoutsIdle      connections reset because no byte went either way for too long
 * @param timeoutsRead      connections reset because too few bytes came when they were asked for
 * @param timeoutsWrite     connections reset because the peer took nothing of what was to be sent for too long
 * @param resetsForRoom     connections reset because what waits for peers that read nothing had used up all buffers and all copy
 *                          memory, and somebody got none; they report {@code ENOBUFS}
 */
public record EngineStats(
        String kernel,
        @Nullable String refusal,
        long turns,
        long enters,
        long submissions,
        long completions,
        long overflows,
        int connections,
        long accepted,
        long acceptErrors,
        long acceptPauses,
        long refused,
        long closedInOrder,
        long closedByFailure,
        long closedByReset,
        long closeDeadlines,
        long bytesIn,
        long bytesOut,
        long receives,
        long sends,
        long sendShort,
        long enobufs,
        long parks,
        long rearms,
        long copiedOut,
        long reserveServed,
        long quotaStuck,
        int leasesHeld,
        int copiesHeld,
        int buffersFree,
        int kernelBuffers,
        int engineBuffers,
        int applicationBuffers,
        int idleBuffers,
        long staleCompletions,
        long staleLeases,
        long unexpectedErrnos,
        long handlerFailures,
        long leakedBytes,
        long loopBlocked,
        long failovers,
        long closedByLoss,
        long movedSending,
        long movedParked,
        long sendsRefused,
        long timeoutsFirstByte,
        long timeoutsIdle,
        long timeoutsRead,
        long timeoutsWrite,
        long resetsForRoom) {}
