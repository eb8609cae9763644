package io.hotpath.engine;

/**
 * Counters and gauges of one engine at a moment. Exact on the loop thread; from another thread each value may be some turns
 * old. Counters only grow.
 *
 * @param kernel            the kernel below, such as {@code io_uring}
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
 * @param staleCompletions  completions without an owner; 0 unless something is wrong
 * @param staleLeases       uses of a lease after its release; 0 unless a caller is wrong
 * @param unexpectedErrnos  errors that only our own mistakes can cause; 0 unless something is wrong
 * @param handlerFailures   handlers that threw; their connections were reset
 * @param failovers         moves to another ring
 * @param closedByLoss      connections reset because a ring died and bytes of theirs may have been lost with it
 * @param movedSending      connections that moved with a send in flight
 * @param movedParked       connections that moved with undelivered bytes
 */
public record EngineStats(
        String kernel,
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
        long staleCompletions,
        long staleLeases,
        long unexpectedErrnos,
        long handlerFailures,
        long failovers,
        long closedByLoss,
        long movedSending,
        long movedParked) {}
