package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * RECV, one-shot or multishot, into the caller's memory or a buffer of a group. The buffer is picked before the socket
 * is looked at, so an empty group means ENOBUFS whatever the socket has; it goes back if the socket has nothing.
 */
final class RecvRequest extends Request {
    /** The kernel's {@code MULTISHOT_MAX_RETRY}: a busy socket yields to the others. */
    private static final int BURST_MAX = 32;

    private final SimSocket socket;
    private final boolean multishot;
    private final boolean selectsBuffer;
    private final boolean bundles;
    private final boolean dontWait;
    private final int group;
    private final long addr;
    private final int len;
    private final int cap;
    private long total;

    /** The buffers of the present receive. */
    private List<Integer> filled = new ArrayList<>();

    RecvRequest(SimRing ring, Submission sqe, SimSocket socket) {
        super(ring, sqe, socket);
        this.socket = socket;
        this.multishot = sqe.asks(Abi.IORING_RECV_MULTISHOT);
        this.selectsBuffer = sqe.selectsBuffer();
        this.bundles = selectsBuffer && sqe.asks(Abi.IORING_RECVSEND_BUNDLE);
        this.dontWait = (sqe.opFlags() & Abi.MSG_DONTWAIT) != 0;
        this.group = sqe.bufGroup();
        this.addr = sqe.addr();
        this.len = sqe.len();
        this.cap = sqe.optlen();
    }

    /** 0, or the error of a submission that the kernel refuses. */
    static int check(Submission sqe) {
        boolean multishot = sqe.asks(Abi.IORING_RECV_MULTISHOT);
        if (multishot && (!sqe.selectsBuffer() || (sqe.opFlags() & Abi.MSG_WAITALL) != 0)) {
            return -Errno.EINVAL;
        }
        return sqe.off() != 0 || (!multishot && sqe.optlen() != 0) ? -Errno.EINVAL : 0;
    }

    @Override
    boolean isReady() {
        Endpoint end = socket.endpoint;
        return end == null || end.readable();
    }

    @Override
    void attempt() {
        int burst = 0;
        do {
            receive();
            burst++;
        } while (!isFinished() && isReady() && burst < BURST_MAX);
    }

    @Override
    boolean isMultishot() {
        return multishot;
    }

    @Override
    boolean overtakeCancel() {
        Endpoint end = socket.endpoint;
        BufferGroup buffers = ring.group(group);
        if (end == null || end.in.size() == 0 || !selectsBuffer || buffers == null || buffers.isEmpty()) {
            return false;
        }
        filled = new ArrayList<>();
        int bytes = amount(end, buffers);
        int flags = into(end, buffers, bytes);
        ring.bundled(filled);
        finish(bytes, flags);
        return true;
    }

    /** {@inheritDoc} It may have picked a buffer that nothing was received into. */
    @Override
    int cancelledFlags() {
        BufferGroup buffers = selectsBuffer ? ring.group(group) : null;
        if (buffers == null || buffers.isEmpty() || !kernel.dice.chance(kernel.faults().cancelWithBuffer())) {
            return 0;
        }
        kernel.counters().cancelsWithBuffer++;
        kernel.counters().buffersTaken++;
        int buffer = buffers.take();
        ring.bundled(List.of(buffer));
        return Abi.IORING_CQE_F_BUFFER | (buffer << Abi.IORING_CQE_BUFFER_SHIFT);
    }

    private void receive() {
        BufferGroup buffers = selectsBuffer ? ring.group(group) : null;
        Endpoint end = socket.endpoint;
        if (selectsBuffer && (buffers == null || buffers.isEmpty())) {
            kernel.counters().enobufs++;
            finish(-Errno.ENOBUFS, 0);
        } else if (end == null) {
            finish(-Errno.ENOTCONN, 0);
        } else if (end.in.size() > 0) {
            data(end, buffers);
        } else if (end.readable()) {
            finish(-end.takeError(), 0);
        } else if (dontWait) {
            finish(-Errno.EAGAIN, 0);
        }
    }

    private void data(Endpoint end, @Nullable BufferGroup buffers) {
        if (buffers != null && kernel.dice.chance(kernel.faults().spuriousEnobufs())) {
            kernel.counters().enobufs++;
            kernel.counters().spuriousEnobufs++;
            finish(-Errno.ENOBUFS, 0);
            return;
        }
        filled = new ArrayList<>();
        int bytes = amount(end, buffers);
        boolean whole = buffers != null && bytes == buffers.length();
        boolean last = bundles && buffers != null && mapsAll(buffers);
        int flags = into(end, buffers, bytes);
        total += bytes;
        if (bundles && buffers != null) {
            bytes += more(end, buffers, whole);
        }
        if (!filled.isEmpty()) {
            ring.bundled(filled);
        }
        boolean full = cap != 0 && total >= cap;
        if (!multishot || full || last || (bundles && buffers != null && buffers.isEmpty())) {
            finish(bytes, flags);
        } else {
            emit(bytes, flags);
        }
    }

    /**
     * Goes on in the buffers that follow as long as one is filled whole; returns how many bytes more. The kernel maps
     * whole buffers, up to its cap, or else for what the socket says there is, or what is left if it is less than one.
     */
    private int more(Endpoint end, BufferGroup buffers, boolean wholeBefore) {
        int more = 0;
        boolean whole = wholeBefore;
        int there = end.in.size();
        int wanted =
                cap == 0 && !buffers.isEmpty() && there > buffers.length() ? there - there % buffers.length() : there;
        while (whole && more < wanted && !buffers.isEmpty() && (cap == 0 || cap - total >= buffers.length())) {
            int bytes = amount(end, buffers);
            whole = bytes == buffers.length();
            into(end, buffers, bytes);
            more += bytes;
            total += bytes;
        }
        return more;
    }

    /** Whether the kernel maps every buffer there is for what it may receive: then it is the last receive. */
    private boolean mapsAll(BufferGroup buffers) {
        return cap == 0
                ? buffers.available() == 1
                : (long) buffers.available() * buffers.length() < cap - total;
    }

    private int amount(Endpoint end, @Nullable BufferGroup buffers) {
        int room = buffers == null ? len : buffers.length();
        if (buffers != null && len > 0) {
            room = Math.min(room, len);
        }
        if (bundles && cap > 0) {
            room = (int) Math.min(room, cap - total);
        }
        int bytes = Math.min(end.in.size(), room);
        if (bytes > 1 && kernel.dice.chance(kernel.faults().shortRecv())) {
            bytes = kernel.dice.upTo(bytes);
            kernel.counters().shortRecvs++;
        }
        return bytes;
    }

    /** Moves bytes to where they belong and returns the flags of their completion. */
    private int into(Endpoint end, @Nullable BufferGroup buffers, int bytes) {
        MemorySegment target = buffers == null ? Native.at(addr, bytes) : buffers.memory(bytes);
        end.in.take(target);
        end.other.roomOpened();
        int flags = end.in.size() > 0 || end.atEnd() ? Abi.IORING_CQE_F_SOCK_NONEMPTY : 0;
        if (buffers == null) {
            return flags;
        }
        kernel.counters().buffersTaken++;
        int buffer = buffers.take();
        filled.add(buffer);
        return flags | Abi.IORING_CQE_F_BUFFER | (buffer << Abi.IORING_CQE_BUFFER_SHIFT);
    }
}
