package io.hotpath.observe;

import io.hotpath.engine.EngineStats;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * One meter of a loop, as a line of the table in {@code docs/metrics.md}.
 *
 * @param place  in {@link #ALL}
 * @param counts whether it only grows
 * @param tag    what tells it from others of the same name, if anything does, with {@code value}
 */
record MeterLine(
        int place,
        String name,
        boolean counts,
        @Nullable String tag,
        String value,
        @Nullable String unit,
        String description,
        ToDoubleFunction<EngineStats> read) {

    static final String KERNEL = "hotpath.loop.kernel";
    static final String KERNEL_DESCRIPTION =
            "1 in the row of the kernel that the loop stands on, and why not the first one";

    static final List<MeterLine> ALL = List.copyOf(new Table()
            .counter("hotpath.loop.turns", "turns of the loop", EngineStats::turns)
            .counter("hotpath.loop.enters", "system calls that submit and wait", EngineStats::enters)
            .counter("hotpath.loop.submissions", "operations that the kernel took", EngineStats::submissions)
            .counter("hotpath.loop.completions", "completions that were handled", EngineStats::completions)
            .gauge("hotpath.loop.completions.per.enter", "completions per enter since the loop began",
                    stats -> (double) stats.completions() / Math.max(stats.enters(), 1))
            .counter("hotpath.loop.overflows", "drains that left completions waiting in the kernel",
                    EngineStats::overflows)
            .counter("hotpath.loop.blocked", "times that the watchdog found the loop blocked by a handler",
                    EngineStats::loopBlocked)
            .counter("hotpath.loop.failovers", "moves to another ring", EngineStats::failovers)
            .gauge("hotpath.connections", "open connections", EngineStats::connections)
            .gauge("hotpath.connections.stuck",
                    "connections at their quota with unmet demand: their handler holds buffers",
                    EngineStats::quotaStuck)
            .counter("hotpath.connections.accepted", "connections accepted", EngineStats::accepted)
            .counter("hotpath.connections.refused", "connections reset at once: connectionsMax was reached",
                    EngineStats::refused)
            .tagged("cause")
            .counter("hotpath.connections.closed", "in_order", "closed by either side without an error",
                    EngineStats::closedInOrder)
            .counter("hotpath.connections.closed", "failure", "ended by the network or the peer",
                    EngineStats::closedByFailure)
            .counter("hotpath.connections.closed", "reset", "reset from this side", EngineStats::closedByReset)
            .counter("hotpath.connections.closed", "loss", "reset because a ring died that may have lost bytes of it",
                    EngineStats::closedByLoss)
            .tagged("limit")
            .counter("hotpath.connections.timed.out", "first_byte", "reset: the first byte did not come in time",
                    EngineStats::timeoutsFirstByte)
            .counter("hotpath.connections.timed.out", "idle", "reset: no byte went either way for too long",
                    EngineStats::timeoutsIdle)
            .counter("hotpath.connections.timed.out", "read_progress",
                    "reset: too few bytes came when they were asked for",
                    EngineStats::timeoutsRead)
            .counter("hotpath.connections.timed.out", "write_progress", "reset: the peer took nothing for too long",
                    EngineStats::timeoutsWrite)
            .counter("hotpath.connections.timed.out", "room",
                    "reset: blocked longest while buffers and copy memory were used up",
                    EngineStats::resetsForRoom)
            .tagged("with")
            .counter("hotpath.connections.moved", "send", "moved to another ring with a send in flight",
                    EngineStats::movedSending)
            .counter("hotpath.connections.moved", "parked", "moved to another ring with undelivered bytes",
                    EngineStats::movedParked)
            .untagged()
            .counter("hotpath.close.deadlines", "graceful closes that ran out of time", EngineStats::closeDeadlines)
            .counter("hotpath.accept.errors", "accepts that failed", EngineStats::acceptErrors)
            .counter("hotpath.accept.pauses", "times that accept was cancelled for want of demand",
                    EngineStats::acceptPauses)
            .tagged("direction").unit("bytes")
            .counter("hotpath.data", "in", "bytes received", EngineStats::bytesIn)
            .counter("hotpath.data", "out", "bytes sent", EngineStats::bytesOut)
            .untagged()
            .counter("hotpath.receives", "receives that filled a buffer", EngineStats::receives)
            .counter("hotpath.receives.enobufs", "receives that found no buffer", EngineStats::enobufs)
            .counter("hotpath.receives.parks", "times that a connection reached its quota and its receive was stopped",
                    EngineStats::parks)
            .counter("hotpath.receives.rearms", "receives armed", EngineStats::rearms)
            .counter("hotpath.receives.reserve", "receives served from the reserve", EngineStats::reserveServed)
            .counter("hotpath.sends", "send submissions that completed", EngineStats::sends)
            .counter("hotpath.sends.short", "of these, sent less than asked and were continued", EngineStats::sendShort)
            .counter("hotpath.sends.refused", "send calls refused: outboundBytesMax, or no copy memory left",
                    EngineStats::sendsRefused)
            .tagged("owner")
            .gauge("hotpath.buffers", "kernel", "receive buffers that the kernel has", EngineStats::kernelBuffers)
            .gauge("hotpath.buffers", "engine", "receive buffers with bytes that wait in the engine",
                    EngineStats::engineBuffers)
            .gauge("hotpath.buffers", "application", "receive buffers in the application's hands",
                    EngineStats::applicationBuffers)
            .gauge("hotpath.buffers", "free", "receive buffers on their way back", EngineStats::idleBuffers)
            .gauge("hotpath.buffers", "copies", "copy buffers in use", EngineStats::copiesHeld)
            .untagged()
            .gauge("hotpath.buffers.main", "buffers of the main group that the kernel can fill",
                    EngineStats::buffersFree)
            .gauge("hotpath.leases", "leases in the application's hands", EngineStats::leasesHeld)
            .counter("hotpath.buffers.relieved",
                    "receive buffers whose bytes moved to copy memory because they were short",
                    EngineStats::copiedOut)
            .tagged("alarm")
            .counter("hotpath.alarms", "stale_completion", "completions without an owner: a mistake of Hotpath's",
                    EngineStats::staleCompletions)
            .counter("hotpath.alarms", "unexpected_errno", "errors that only a mistake of Hotpath's can cause",
                    EngineStats::unexpectedErrnos)
            .counter("hotpath.alarms", "stale_lease", "uses of a lease after its release: a mistake of the handler's",
                    EngineStats::staleLeases)
            .counter("hotpath.alarms", "handler_failure", "handlers that threw", EngineStats::handlerFailures)
            .counter("hotpath.alarms", "leaked_bytes",
                    "memory left mapped because the kernel might still write into it",
                    EngineStats::leakedBytes).lines);

    double of(EngineStats stats) {
        return read.applyAsDouble(stats);
    }

    /** Makes the lines. */
    private static final class Table {
        final List<MeterLine> lines = new ArrayList<>();
        private @Nullable String tag;
        private @Nullable String unit;

        Table tagged(String key) {
            tag = key;
            return this;
        }

        Table unit(String value) {
            unit = value;
            return this;
        }

        Table untagged() {
            tag = null;
            unit = null;
            return this;
        }

        Table counter(String name, String description, ToDoubleFunction<EngineStats> read) {
            return add(name, true, "", description, read);
        }

        Table counter(String name, String value, String description, ToDoubleFunction<EngineStats> read) {
            return add(name, true, value, description, read);
        }

        Table gauge(String name, String description, ToDoubleFunction<EngineStats> read) {
            return add(name, false, "", description, read);
        }

        Table gauge(String name, String value, String description, ToDoubleFunction<EngineStats> read) {
            return add(name, false, value, description, read);
        }

        private Table add(
                String name, boolean counts, String value, String description, ToDoubleFunction<EngineStats> read) {
            lines.add(new MeterLine(lines.size(), name, counts, tag, value, unit, description, read));
            return this;
        }
    }
}
