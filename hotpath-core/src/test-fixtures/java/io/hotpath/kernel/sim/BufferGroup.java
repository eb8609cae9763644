package io.hotpath.kernel.sim;

import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The kernel's side of one buffer ring. Head and tail are compared as raw 16-bit values and the distance is not
 * checked, as in the real kernel: whoever publishes a buffer twice gets two connections in one buffer.
 */
final class BufferGroup {
    private final MemorySegment ring;
    private final int mask;
    private short head;

    BufferGroup(MemorySegment ring, int entries) {
        this.ring = ring;
        this.mask = entries - 1;
    }

    boolean isEmpty() {
        return (short) Abi.TAIL.getAcquire(ring, Abi.BUF_RING_TAIL) == head;
    }

    /** The buffers from head to tail, as many as the 16-bit distance says. */
    int available() {
        return Short.toUnsignedInt((short) ((short) Abi.TAIL.getAcquire(ring, Abi.BUF_RING_TAIL) - head));
    }

    int head() {
        return Short.toUnsignedInt(head);
    }

    /** The next buffer's length; the buffer stays where it is until {@link #take()}. */
    int length() {
        return ring.get(Abi.U32, entry() + Abi.BUF_LEN);
    }

    /** The memory of the next buffer, its first {@code bytes}. */
    MemorySegment memory(int bytes) {
        return Native.at(ring.get(Abi.U64, entry() + Abi.BUF_ADDR), bytes);
    }

    /** Takes the next buffer and returns its id. */
    int take() {
        int bufferId = Short.toUnsignedInt(ring.get(Abi.U16, entry() + Abi.BUF_BID));
        head++;
        return bufferId;
    }

    /** The ids from head to tail, as many as the 16-bit distance says. */
    List<Integer> offered() {
        List<Integer> ids = new ArrayList<>();
        short tail = (short) Abi.TAIL.getAcquire(ring, Abi.BUF_RING_TAIL);
        for (short at = head; at != tail; at++) {
            ids.add(Short.toUnsignedInt(ring.get(Abi.U16, (long) (at & mask) * Abi.BUF_BYTES + Abi.BUF_BID)));
        }
        return ids;
    }

    private long entry() {
        return (long) (head & mask) * Abi.BUF_BYTES;
    }
}
