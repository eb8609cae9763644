package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * SEND or SENDMSG. The iovecs were copied at submission, the payload is read when it goes out, as the kernel does:
 * memory that is reused too early shows as wrong bytes.
 */
final class SendRequest extends Request {
    private final SimSocket socket;
    private final List<MemorySegment> parts;
    private final long total;
    private final boolean waitAll;
    private final boolean dontWait;
    private int part;
    private long partOffset;
    private int sent;

    SendRequest(SimRing ring, Submission sqe, SimSocket socket, List<MemorySegment> parts) {
        super(ring, sqe, socket);
        this.socket = socket;
        this.parts = parts;
        this.total = parts.stream().mapToLong(MemorySegment::byteSize).sum();
        this.waitAll = (sqe.opFlags() & Abi.MSG_WAITALL) != 0;
        this.dontWait = (sqe.opFlags() & Abi.MSG_DONTWAIT) != 0;
        if (socket.sending != null) {
            kernel.counters().overlappingSends++;
        }
        socket.sending = this;
    }

    @Override
    boolean isReady() {
        Endpoint end = socket.endpoint;
        return end == null || end.writable();
    }

    @Override
    void attempt() {
        Endpoint end = socket.endpoint;
        if (end == null) {
            finish(-Errno.EPIPE, 0);
            return;
        }
        while (!isFinished() && !broken(end)) {
            int bytes = (int) Math.min(total - sent, end.room());
            if (bytes == 0 && sent < total) {
                waitForRoom();
                return;
            }
            write(end, bytes);
        }
    }

    @Override
    boolean isMultishot() {
        return false;
    }

    @Override
    int cancelledResult() {
        return sent > 0 ? sent : super.cancelledResult();
    }

    /** {@inheritDoc} So is a send that was to go out as a whole and did not. */
    @Override
    boolean isFailure(int res) {
        return res < 0 || (waitAll && res < total);
    }

    @Override
    void disarmed() {
        if (socket.sending == this) {
            socket.sending = null;
        }
    }

    private boolean broken(Endpoint end) {
        int error = end.takeError();
        if (error == 0 && !end.writeEnded()) {
            return false;
        }
        finish(sent > 0 ? sent : error == 0 ? -Errno.EPIPE : -error, 0);
        return true;
    }

    private void waitForRoom() {
        if (dontWait) {
            finish(sent > 0 ? sent : -Errno.EAGAIN, 0);
        }
    }

    private void write(Endpoint end, int bytes) {
        SimFaults faults = kernel.faults();
        boolean cut = bytes > 1 && kernel.dice.chance(waitAll ? faults.shortWaitAll() : faults.shortSend());
        int count = cut ? kernel.dice.upTo(bytes - 1) : bytes;
        copy(end, count);
        sent += count;
        if (cut) {
            kernel.counters().shortSends++;
        }
        if (cut || !waitAll || sent == total) {
            finish(sent, 0);
        }
    }

    private void copy(Endpoint end, int count) {
        int left = count;
        while (left > 0) {
            MemorySegment current = parts.get(part);
            int bytes = (int) Math.min(left, current.byteSize() - partOffset);
            end.write(current.asSlice(partOffset, bytes));
            left -= bytes;
            partOffset += bytes;
            if (partOffset == current.byteSize()) {
                part++;
                partOffset = 0;
            }
        }
    }
}
