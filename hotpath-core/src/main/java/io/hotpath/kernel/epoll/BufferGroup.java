package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;

/**
 * The kernel's side of one buffer ring. Head and tail are compared as raw 16-bit values and the distance is not checked,
 * as io_uring does. Ring thread.
 */
final class BufferGroup {
    private final MemorySegment ring;
    private final int mask;
    private short head;

    BufferGroup(MemorySegment ring, int entries) {
        this.ring = ring;
        mask = entries - 1;
    }

    boolean isEmpty() {
        return (short) Abi.TAIL.getAcquire(ring, Abi.BUF_RING_TAIL) == head; // pairs with the store-release of the tail
    }

    int head() {
        return Short.toUnsignedInt(head);
    }

    /** The buffers that can be taken. */
    int available() {
        return Short.toUnsignedInt((short) ((short) Abi.TAIL.getAcquire(ring, Abi.BUF_RING_TAIL) - head));
    }

    /** Where the next buffer is; it stays where it is until {@link #take()}. */
    long address() {
        return address(0);
    }

    int length() {
        return length(0);
    }

    /** The same of the buffer {@code ahead} of the next one. */
    long address(int ahead) {
        return ring.get(Abi.U64, entry(ahead) + Abi.BUF_ADDR);
    }

    int length(int ahead) {
        return ring.get(Abi.U32, entry(ahead) + Abi.BUF_LEN);
    }

    /** Takes the next buffer and returns its id. */
    int take() {
        int bufferId = Short.toUnsignedInt(ring.get(Abi.U16, entry(0) + Abi.BUF_BID));
        head++;
        return bufferId;
    }

    private long entry(int ahead) {
        return (head + ahead & mask) * Abi.BUF_BYTES;
    }
}
