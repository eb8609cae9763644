package io.hotpath.kernel.conformance;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;

/**
 * Drives a ring by hand and writes down what completes, per lane: what belongs to one file is one lane, because only there
 * the order is promised. The next step waits for a condition, never for time.
 */
final class Script implements AutoCloseable {
    static final int GROUP = 7;
    static final int BUFFERS = 8;
    static final int BUFFER_BYTES = 64;

    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private static final long QUIET_NANOS = 15_000_000L;

    /** After one wait in vain the run is red: what is left on that kernel need not wait as long. */
    private static final long IMPATIENCE_NANOS = 100_000_000L;

    private static final Set<String> VAIN = ConcurrentHashMap.newKeySet();

    final World world;
    final Kernel kernel;
    final KernelRing ring;
    final Arena arena = Arena.ofConfined();
    private final RingMemory memory;
    private final MemorySegment bufferRing;
    private final MemorySegment slab;
    private final List<Op> ops;
    private final Map<String, List<String>> lanes;
    private final ArrayDeque<Integer> accepted = new ArrayDeque<>();
    private final List<Integer> descriptors = new ArrayList<>();
    private int queued;
    private int traced;
    private int expected;
    private int bufferTail;
    private boolean closed;

    /** A submission, to be cancelled or asked for its results. */
    static final class Op {
        final String lane;
        final String name;
        final long userData;
        int completions;
        int lastResult;
        boolean over;

        private Op(String lane, String name, long userData) {
            this.lane = lane;
            this.name = name;
            this.userData = userData;
        }
    }

    Script(World world) {
        this(world, new RingSetup(64, 256, true));
    }

    Script(World world, RingSetup setup) {
        this(world, setup, new ArrayList<>(), new TreeMap<>());
    }

    private Script(World world, RingSetup setup, List<Op> ops, Map<String, List<String>> lanes) {
        this.world = world;
        this.ops = ops;
        this.lanes = lanes;
        kernel = world.kernel();
        ring = kernel.openRing(setup);
        memory = ring.memory();
        bufferRing = kernel.mapMemory(BUFFERS * Abi.BUF_BYTES);
        slab = kernel.mapMemory(BUFFERS * BUFFER_BYTES);
        int result = ring.registerBufferRing(bufferRing, BUFFERS, GROUP);
        assert result == 0 : result;
    }

    /** Another ring of the same kernel, which writes into the same lanes. */
    Script secondRing() {
        return new Script(world, new RingSetup(64, 256, true), ops, lanes);
    }

    // ---- sockets ------------------------------------------------------------------------------------------------

    /** A socket that is closed at the end. */
    int socket() {
        int fd = kernel.sockets().socket(Abi.AF_INET);
        assert fd >= 0 : fd;
        descriptors.add(fd);
        return fd;
    }

    int listen() {
        int fd = socket();
        int bound = kernel.sockets().bind(fd, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        assert bound == 0 : bound;
        int listening = kernel.sockets().listen(fd, 128);
        assert listening == 0 : listening;
        return fd;
    }

    SocketAddress address(int fd) {
        try {
            return kernel.sockets().localAddress(fd);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Whoever a multishot accept brought, oldest first. */
    int accepted() {
        int fd = accepted.remove();
        descriptors.add(fd);
        return fd;
    }

    boolean hasTraced(String lane) {
        return lanes.containsKey(lane);
    }

    boolean hasAccepted() {
        return !accepted.isEmpty();
    }

    /** What was traced so far was waited for. */
    void expectNothingElse() {
        expected = traced;
    }

    /** The scenario has closed it by itself. */
    void forget(int fd) {
        descriptors.removeIf(open -> open == fd);
    }

    /** An accepted connection; its accept is cancelled again and leaves no trace. */
    Pair connected() {
        int listener = listen();
        Op accept = accept("", listener);
        Peer peer = world.connect(address(listener));
        until(() -> accept.completions == 1);
        Op cancel = cancel("", accept);
        until(() -> accept.over && cancel.over);
        expected = traced;
        kernel.sockets().close(listener);
        forget(listener);
        return new Pair(accepted(), peer);
    }

    record Pair(int fd, Peer peer) {}

    // ---- submissions --------------------------------------------------------------------------------------------

    /** Fills one SQE. */
    final class Sqe {
        final Op op;
        private final long at;

        private Sqe(int opcode, int fd, Op op) {
            this.op = op;
            int tail = memory.sqTail().get(Abi.U32, 0);
            at = (tail & (memory.sqEntries() - 1)) * Abi.SQE_BYTES;
            memory.sqes().asSlice(at, Abi.SQE_BYTES).fill((byte) 0);
            memory.sqes().set(Abi.U64, at, (opcode & 0xffL) | (long) fd << 32);
            memory.sqes().set(Abi.U64, at + Abi.SQE_USER_DATA, op.userData);
            Abi.COUNTER.setRelease(memory.sqTail(), 0L, tail + 1);
            queued++;
        }

        Sqe flags(int flags) {
            memory.sqes().set(JAVA_BYTE, at + 1, (byte) flags);
            return this;
        }

        Sqe ioprio(int ioprio) {
            memory.sqes().set(Abi.U16, at + 2, (short) ioprio);
            return this;
        }

        Sqe group(int group) {
            memory.sqes().set(Abi.U16, at + Abi.SQE_BUF_GROUP, (short) group);
            return this;
        }

        Sqe word(long offset, int value) {
            memory.sqes().set(Abi.U32, at + offset, value);
            return this;
        }

        Sqe opFlags(int value) {
            return word(Abi.SQE_OP_FLAGS, value);
        }

        Sqe address(long address) {
            memory.sqes().set(Abi.U64, at + Abi.SQE_ADDR, address);
            return this;
        }

        Sqe off(long off) {
            memory.sqes().set(Abi.U64, at + Abi.SQE_OFF, off);
            return this;
        }
    }

    Sqe sqe(String lane, String name, int opcode, int fd) {
        Op op = new Op(lane, name, ops.size() + 1);
        ops.add(op);
        return new Sqe(opcode, fd, op);
    }

    Op nop(String lane) {
        return sqe(lane, "nop", Abi.IORING_OP_NOP, -1).op;
    }

    Op accept(String lane, int fd) {
        return sqe(lane, "accept", Abi.IORING_OP_ACCEPT, fd)
                .ioprio(Abi.IORING_ACCEPT_MULTISHOT).opFlags(Abi.SOCK_CLOEXEC | Abi.SOCK_NONBLOCK).op;
    }

    Sqe recvSqe(String lane, int fd) {
        return sqe(lane, "recv", Abi.IORING_OP_RECV, fd)
                .flags(Abi.IOSQE_BUFFER_SELECT).ioprio(Abi.IORING_RECV_MULTISHOT).group(GROUP);
    }

    Op recv(String lane, int fd) {
        return recvSqe(lane, fd).op;
    }

    Op send(String lane, int fd, MemorySegment payload, int flags) {
        return sqe(lane, "send", Abi.IORING_OP_SEND, fd)
                .address(payload.address()).word(Abi.SQE_LEN, (int) payload.byteSize()).opFlags(flags).op;
    }

    Op send(String lane, int fd, String text) {
        return send(lane, fd, bytes(text), Abi.MSG_WAITALL | Abi.MSG_NOSIGNAL);
    }

    Op sendmsg(String lane, int fd, long message, int flags) {
        return sqe(lane, "sendmsg", Abi.IORING_OP_SENDMSG, fd)
                .address(message).word(Abi.SQE_LEN, 1).opFlags(flags | Abi.MSG_NOSIGNAL).op;
    }

    Op connect(String lane, int fd, MemorySegment address, int length) {
        return sqe(lane, "connect", Abi.IORING_OP_CONNECT, fd).address(address.address()).off(length).op;
    }

    Op shutdown(String lane, int fd, int how) {
        return sqe(lane, "shutdown", Abi.IORING_OP_SHUTDOWN, fd).word(Abi.SQE_LEN, how).op;
    }

    Op close(String lane, int fd) {
        return sqe(lane, "close", Abi.IORING_OP_CLOSE, fd).op;
    }

    Op cancel(String lane, Op target) {
        return sqe(lane, "cancel", Abi.IORING_OP_ASYNC_CANCEL, -1).address(target.userData).op;
    }

    Op cancelAll(String lane) {
        return sqe(lane, "cancel", Abi.IORING_OP_ASYNC_CANCEL, -1)
                .opFlags(Abi.IORING_ASYNC_CANCEL_ALL | Abi.IORING_ASYNC_CANCEL_ANY).op;
    }

    Op poll(String lane, int fd, int events, boolean multishot) {
        return sqe(lane, "poll", Abi.IORING_OP_POLL_ADD, fd)
                .word(Abi.SQE_LEN, multishot ? Abi.IORING_POLL_ADD_MULTI : 0).opFlags(events).op;
    }

    // ---- memory -------------------------------------------------------------------------------------------------

    MemorySegment bytes(String text) {
        return arena.allocate(Math.max(text.length(), 1)).asSlice(0, text.length())
                .copyFrom(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** A {@code msghdr} over {@code parts}. */
    MemorySegment message(MemorySegment... parts) {
        MemorySegment message = arena.allocate(Abi.MSGHDR.byteSize() + parts.length * Abi.IOVEC.byteSize(), 8);
        for (int i = 0; i < parts.length; i++) {
            long at = Abi.MSGHDR.byteSize() + i * Abi.IOVEC.byteSize();
            message.set(Abi.U64, at + Abi.IOV_BASE, parts[i].address());
            message.set(Abi.U64, at + Abi.IOV_LEN, parts[i].byteSize());
        }
        message.set(Abi.U64, Abi.MSG_IOV, message.address() + Abi.MSGHDR.byteSize());
        message.set(Abi.U64, Abi.MSG_IOVLEN, parts.length);
        return message;
    }

    /** Gives the kernel {@code count} buffers. */
    void publish(int count) {
        for (int i = 0; i < count; i++) {
            int bufferId = bufferTail & (BUFFERS - 1);
            long at = bufferId * Abi.BUF_BYTES;
            bufferRing.set(Abi.U64, at + Abi.BUF_ADDR, slab.address() + (long) bufferId * BUFFER_BYTES);
            bufferRing.set(Abi.U32, at + Abi.BUF_LEN, BUFFER_BYTES);
            bufferRing.set(Abi.U16, at + Abi.BUF_BID, (short) bufferId);
            bufferTail++;
        }
        Abi.TAIL.setRelease(bufferRing, Abi.BUF_RING_TAIL, (short) bufferTail);
    }

    // ---- steps --------------------------------------------------------------------------------------------------

    /** Enters once and returns what enter returned; what completed waits to be reaped. */
    int enter(int minComplete, boolean getEvents, long timeoutNanos) {
        int result = ring.enter(queued, minComplete, getEvents, timeoutNanos);
        queued = memory.sqTail().get(Abi.U32, 0) - memory.sqHead().get(Abi.U32, 0);
        return result;
    }

    /** Waits for {@code count} more completions than the steps before have waited for. */
    void await(int count) {
        expected += count;
        until(() -> traced >= expected);
    }

    /** Turns the ring until {@code condition}. */
    void until(BooleanSupplier condition) {
        long start = kernel.nanoTime();
        while (!condition.getAsBoolean()) {
            enter(1, true, 1_000_000);
            reap();
            if (kernel.nanoTime() - start > (VAIN.contains(kernel.name()) ? IMPATIENCE_NANOS : PATIENCE_NANOS)) {
                VAIN.add(kernel.name());
                throw new AssertionError("the condition did not come true; so far:\n" + trace());
            }
        }
    }

    /** Turns a while: what comes although it should not gets into the trace. */
    void quiet() {
        long start = kernel.nanoTime();
        while (kernel.nanoTime() - start < QUIET_NANOS) {
            enter(1, true, QUIET_NANOS);
            reap();
        }
        expected = traced;
    }

    /** Turns the ring until {@code peer} has read {@code count} bytes. */
    byte[] read(Peer peer, int count) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(peer.read());
        until(() -> {
            all.writeBytes(peer.read());
            return all.size() >= count || peer.sawEnd() || peer.sawReset();
        });
        return all.toByteArray();
    }

    /** Turns the ring until {@code peer} sees the end. */
    void awaitEnd(Peer peer) {
        until(() -> {
            peer.read();
            return peer.sawEnd() || peer.sawReset();
        });
        note("peer", peer.sawReset() ? "reset" : "end");
    }

    int reap() {
        int head = memory.cqHead().get(Abi.U32, 0);
        int tail = (int) Abi.COUNTER.getAcquire(memory.cqTail(), 0L);
        int count = tail - head;
        for (; head != tail; head++) {
            long at = (head & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
            trace(
                    memory.cqes().get(Abi.U64, at + Abi.CQE_USER_DATA),
                    memory.cqes().get(Abi.U32, at + Abi.CQE_RES),
                    memory.cqes().get(Abi.U32, at + Abi.CQE_FLAGS));
        }
        Abi.COUNTER.setRelease(memory.cqHead(), 0L, head);
        return count;
    }

    boolean overflowing() {
        return (memory.sqFlags().get(Abi.U32, 0) & Abi.IORING_SQ_CQ_OVERFLOW) != 0;
    }

    // ---- trace --------------------------------------------------------------------------------------------------

    void note(String lane, Object what) {
        lanes.computeIfAbsent(lane, key -> new ArrayList<>()).add(what.toString());
    }

    /** Every lane with what completed there, in order. */
    String trace() {
        StringBuilder text = new StringBuilder();
        lanes.forEach((lane, lines) -> {
            if (!lane.isEmpty()) {
                text.append(lane).append(": ").append(String.join(" | ", lines)).append('\n');
            }
        });
        return text.toString();
    }

    private void trace(long userData, int result, int flags) {
        Op op = ops.get((int) userData - 1);
        op.completions++;
        op.lastResult = result;
        boolean more = (flags & Abi.IORING_CQE_F_MORE) != 0;
        op.over = !more;
        StringBuilder line = new StringBuilder(op.name).append(' ');
        if (op.name.equals("accept") && result >= 0) {
            accepted.add(result);
            line.append("fd");
        } else if (op.name.equals("poll") && result >= 0) {
            line.append("0x").append(Integer.toHexString(result));
        } else {
            line.append(result < 0 ? "-" + Errno.name(-result) : String.valueOf(result));
        }
        if ((flags & Abi.IORING_CQE_F_BUFFER) != 0) {
            int bufferId = flags >>> Abi.IORING_CQE_BUFFER_SHIFT;
            byte[] bytes = slab.asSlice((long) bufferId * BUFFER_BYTES, result).toArray(JAVA_BYTE);
            line.append(" '").append(new String(bytes, StandardCharsets.UTF_8)).append('\'');
        }
        note(op.lane, line.append(more ? " more" : ""));
        traced++;
    }

    // ---- end ----------------------------------------------------------------------------------------------------

    /** Cancels what is armed, waits for it, closes the ring and then the sockets. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        Op cancel = cancelAll("");
        until(() -> cancel.over);
        long start = kernel.nanoTime();
        while (kernel.nanoTime() - start < QUIET_NANOS / 5) {
            enter(1, true, QUIET_NANOS / 5);
            reap();
        }
        int result = ring.unregisterBufferRing(GROUP);
        assert result == 0 : result;
        ring.close();
        kernel.unmapMemory(bufferRing);
        kernel.unmapMemory(slab);
        descriptors.addAll(accepted);
        descriptors.forEach(kernel.sockets()::close);
        arena.close();
    }
}
