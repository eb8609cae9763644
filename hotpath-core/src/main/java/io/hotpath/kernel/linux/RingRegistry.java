package io.hotpath.kernel.linux;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What can be registered on a ring with {@code io_uring_register(2)}. Calls return {@code >= 0} or {@code -errno}. Ring
 * thread; the memory of the arguments is prepared once.
 */
final class RingRegistry {
    private static final long UPDATE_OFFSET = Abi.offset(Abi.RSRC_UPDATE, "offset");
    private static final long UPDATE_DATA = Abi.offset(Abi.RSRC_UPDATE, "data");
    private static final long REG_ADDRESS = Abi.offset(Abi.BUF_REG, "ring_addr");
    private static final long REG_ENTRIES = Abi.offset(Abi.BUF_REG, "ring_entries");
    private static final long REG_GROUP = Abi.offset(Abi.BUF_REG, "bgid");
    private static final long STATUS_GROUP = Abi.offset(Abi.BUF_STATUS, "buf_group");
    private static final long STATUS_HEAD = Abi.offset(Abi.BUF_STATUS, "head");

    private static final int ANY_INDEX = -1;
    private static final int U16_MASK = 0xffff;

    private final int fd;
    private final MemorySegment capture;
    private final MemorySegment update;
    private final MemorySegment bufferRing;
    private final MemorySegment bufferStatus;

    RingRegistry(int fd, MemorySegment capture, Arena arena) {
        this.fd = fd;
        this.capture = capture;
        update = arena.allocate(Abi.RSRC_UPDATE);
        bufferRing = arena.allocate(Abi.BUF_REG);
        bufferStatus = arena.allocate(Abi.BUF_STATUS);
    }

    int restrictions() {
        return Restrictions.register(fd, capture);
    }

    /** The calling thread becomes the one that may submit. */
    int enable() {
        return register(Uring.IORING_REGISTER_ENABLE_RINGS, MemorySegment.NULL, 0);
    }

    /** Registers the ring's own descriptor with the calling thread; returns the index that stands for it. */
    int ringFd() {
        update.fill((byte) 0);
        update.set(Abi.U32, UPDATE_OFFSET, ANY_INDEX);
        update.set(Abi.U64, UPDATE_DATA, fd);
        int result = register(Uring.IORING_REGISTER_RING_FDS, update, 1);
        return result < 0 ? result : update.get(Abi.U32, UPDATE_OFFSET);
    }

    /** On the thread that registered it: the table belongs to the thread, not to the ring. */
    int unregisterRingFd(int index) {
        update.fill((byte) 0);
        update.set(Abi.U32, UPDATE_OFFSET, index);
        return register(Uring.IORING_UNREGISTER_RING_FDS, update, 1);
    }

    int bufferRing(MemorySegment ring, int entries, int group) {
        bufferRing.fill((byte) 0);
        bufferRing.set(Abi.U64, REG_ADDRESS, ring.address());
        bufferRing.set(Abi.U32, REG_ENTRIES, entries);
        bufferRing.set(Abi.U16, REG_GROUP, (short) group);
        return register(Uring.IORING_REGISTER_PBUF_RING, bufferRing, 1);
    }

    int unregisterBufferRing(int group) {
        bufferRing.fill((byte) 0);
        bufferRing.set(Abi.U16, REG_GROUP, (short) group);
        return register(Uring.IORING_UNREGISTER_PBUF_RING, bufferRing, 1);
    }

    int bufferRingHead(int group) {
        bufferStatus.fill((byte) 0);
        bufferStatus.set(Abi.U32, STATUS_GROUP, group);
        int result = register(Uring.IORING_REGISTER_PBUF_STATUS, bufferStatus, 1);
        return result < 0 ? result : bufferStatus.get(Abi.U32, STATUS_HEAD) & U16_MASK;
    }

    private int register(int opcode, MemorySegment arg, int count) {
        return Syscalls.ioUringRegister(capture, fd, opcode, arg, count);
    }
}
