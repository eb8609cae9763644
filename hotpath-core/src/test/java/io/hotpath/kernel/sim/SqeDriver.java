package io.hotpath.kernel.sim;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes SQEs and reads CQEs by hand, and keeps one buffer ring. */
final class SqeDriver implements AutoCloseable {
    static final int GROUP = 7;
    static final int BUFFER_BYTES = 64;
    static final int PORT = 7007;

    /** A completion as it was read. */
    record Cqe(long userData, int res, int flags) {
        boolean more() {
            return (flags & Abi.IORING_CQE_F_MORE) != 0;
        }

        boolean hasBuffer() {
            return (flags & Abi.IORING_CQE_F_BUFFER) != 0;
        }

        int bufferId() {
            return flags >>> Abi.IORING_CQE_BUFFER_SHIFT;
        }
    }

    /** An accepted connection and its other end. */
    record Connected(int fd, SimPeer peer) {}

    /** Fills one SQE. */
    final class Sqe {
        private final long at;

        private Sqe(int opcode, int fd, long userData) {
            int tail = memory.sqTail().get(Abi.U32, 0);
            at = (tail & (memory.sqEntries() - 1)) * Abi.SQE_BYTES;
            memory.sqes().asSlice(at, Abi.SQE_BYTES).fill((byte) 0);
            memory.sqes().set(JAVA_BYTE, at, (byte) opcode);
            memory.sqes().set(Abi.U32, at + Abi.offset(Abi.SQE, "fd"), fd);
            memory.sqes().set(Abi.U64, at + Abi.SQE_USER_DATA, userData);
            Abi.COUNTER.setRelease(memory.sqTail(), 0L, tail + 1);
            queued++;
        }

        Sqe flags(int flags) {
            memory.sqes().set(JAVA_BYTE, at + Abi.offset(Abi.SQE, "flags"), (byte) flags);
            return this;
        }

        Sqe ioprio(int ioprio) {
            memory.sqes().set(Abi.U16, at + Abi.offset(Abi.SQE, "ioprio"), (short) ioprio);
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

        Sqe address(MemorySegment segment) {
            return address(segment.address());
        }

        Sqe address(long address) {
            memory.sqes().set(Abi.U64, at + Abi.SQE_ADDR, address);
            return this;
        }
    }

    final SimKernel kernel;
    final SimRing ring;
    final MemorySegment slab;
    private final RingMemory memory;
    private final MemorySegment bufferRing;
    private final int bufferCount;
    private int queued;
    private int bufferTail;

    SqeDriver(SimKernel kernel, int cqEntries, int bufferCount) {
        this.kernel = kernel;
        this.ring = kernel.openRing(new RingSetup(Math.min(64, cqEntries), cqEntries, true));
        this.memory = ring.memory();
        this.bufferCount = bufferCount;
        this.slab = kernel.mapMemory((long) bufferCount * BUFFER_BYTES);
        this.bufferRing = kernel.mapMemory(bufferCount * Abi.BUF_BYTES);
        int res = ring.registerBufferRing(bufferRing, bufferCount, GROUP);
        assert res == 0 : res;
    }

    int listen(int port) {
        int fd = kernel.sockets().socket(Abi.AF_INET);
        int bound = kernel.sockets().bind(fd, Network.loopback(port));
        assert bound == 0 : bound;
        int listening = kernel.sockets().listen(fd, 16);
        assert listening == 0 : listening;
        return fd;
    }

    /** Listens on {@link #PORT}, arms a multishot accept with user data 1 and accepts one peer. */
    Connected connected() {
        accept(listen(PORT), 1);
        SimPeer peer = kernel.connect(PORT);
        return new Connected(only(turn()).res(), peer);
    }

    void publish(int... bufferIds) {
        for (int bufferId : bufferIds) {
            long at = (bufferTail & (bufferCount - 1)) * Abi.BUF_BYTES;
            bufferRing.set(Abi.U64, at + Abi.BUF_ADDR, slab.address() + (long) bufferId * BUFFER_BYTES);
            bufferRing.set(Abi.U32, at + Abi.BUF_LEN, BUFFER_BYTES);
            bufferRing.set(Abi.U16, at + Abi.BUF_BID, (short) bufferId);
            bufferTail++;
        }
        Abi.TAIL.setRelease(bufferRing, Abi.BUF_RING_TAIL, (short) bufferTail);
    }

    String text(Cqe cqe) {
        byte[] bytes = slab.asSlice((long) cqe.bufferId() * BUFFER_BYTES, cqe.res()).toArray(JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    Sqe sqe(int opcode, int fd, long userData) {
        return new Sqe(opcode, fd, userData);
    }

    Sqe accept(int fd, long userData) {
        return sqe(Abi.IORING_OP_ACCEPT, fd, userData).ioprio(Abi.IORING_ACCEPT_MULTISHOT);
    }

    Sqe recv(int fd, long userData) {
        return sqe(Abi.IORING_OP_RECV, fd, userData)
                .flags(Abi.IOSQE_BUFFER_SELECT)
                .ioprio(Abi.IORING_RECV_MULTISHOT)
                .group(GROUP);
    }

    Sqe send(int fd, long userData, MemorySegment payload) {
        return sqe(Abi.IORING_OP_SEND, fd, userData)
                .address(payload)
                .word(Abi.SQE_LEN, (int) payload.byteSize())
                .word(Abi.SQE_OP_FLAGS, Abi.MSG_WAITALL);
    }

    Sqe cancel(long target, int cancelFlags, long userData) {
        return sqe(Abi.IORING_OP_ASYNC_CANCEL, -1, userData).address(target).word(Abi.SQE_OP_FLAGS, cancelFlags);
    }

    MemorySegment payload(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        MemorySegment memory = kernel.mapMemory(bytes.length);
        return memory.copyFrom(MemorySegment.ofArray(bytes));
    }

    int enter(int minComplete, long timeoutNanos) {
        int res = ring.enter(queued, minComplete, true, timeoutNanos);
        queued = memory.sqTail().get(Abi.U32, 0) - memory.sqHead().get(Abi.U32, 0);
        return res;
    }

    /** One turn that does not wait, and what it brought. */
    List<Cqe> turn() {
        enter(0, 0);
        return reap();
    }

    List<Cqe> reap() {
        List<Cqe> cqes = new ArrayList<>();
        int head = memory.cqHead().get(Abi.U32, 0);
        int tail = (int) Abi.COUNTER.getAcquire(memory.cqTail(), 0L);
        for (; head != tail; head++) {
            long at = (head & (memory.cqEntries() - 1)) * Abi.CQE_BYTES;
            cqes.add(new Cqe(
                    memory.cqes().get(Abi.U64, at + Abi.CQE_USER_DATA),
                    memory.cqes().get(Abi.U32, at + Abi.CQE_RES),
                    memory.cqes().get(Abi.U32, at + Abi.CQE_FLAGS)));
        }
        Abi.COUNTER.setRelease(memory.cqHead(), 0L, head);
        return cqes;
    }

    boolean overflowing() {
        return (memory.sqFlags().get(Abi.U32, 0) & Abi.IORING_SQ_CQ_OVERFLOW) != 0;
    }

    static Cqe only(List<Cqe> cqes) {
        assertThat(cqes).hasSize(1);
        return cqes.get(0);
    }

    static int resultOf(List<Cqe> cqes, long userData) {
        return only(cqes.stream().filter(c -> c.userData() == userData).toList()).res();
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        ring.close();
    }
}
