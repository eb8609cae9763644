package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies of the lists of gathered sends that could not go out at once: the caller may overwrite his as soon as enter has
 * returned. Pooled in three sizes. Ring thread.
 */
final class Messages {
    private static final int[] CAPACITIES = {8, 64, Abi.IOV_MAX};
    private static final long HEADER_BYTES = Abi.MSGHDR.byteSize();
    private static final long IOVEC_BYTES = Abi.IOVEC.byteSize();

    private final Arena arena;
    private final @Nullable Message[] free = new Message[CAPACITIES.length];

    Messages(Arena arena) {
        this.arena = arena;
    }

    /** The bytes that the message at {@code address} has. */
    static long bytes(long address) {
        long iovecs = Native.u64(address + Abi.MSG_IOV);
        long count = Native.u64(address + Abi.MSG_IOVLEN);
        long bytes = 0;
        for (long i = 0; i < count; i++) {
            bytes += Native.u64(iovecs + i * IOVEC_BYTES + Abi.IOV_LEN);
        }
        return bytes;
    }

    /** Copies the message at {@code address}, which has at most {@link Abi#IOV_MAX} parts. */
    Message copy(long address) {
        int count = (int) Native.u64(address + Abi.MSG_IOVLEN);
        int size = 0;
        while (CAPACITIES[size] < count) {
            size++;
        }
        Message message = free[size];
        if (message == null) {
            message = new Message(size, arena.allocate(HEADER_BYTES + CAPACITIES[size] * IOVEC_BYTES, Long.BYTES));
        } else {
            free[size] = message.next;
            message.next = null;
        }
        Native.copy(Native.u64(address + Abi.MSG_IOV), message.memory, HEADER_BYTES, count * IOVEC_BYTES);
        message.begin(count);
        return message;
    }

    void free(Message message) {
        message.next = free[message.size];
        free[message.size] = message;
    }

    /** A {@code msghdr} and its iovecs. */
    static final class Message {
        private final int size;
        private final MemorySegment memory;
        private @Nullable Message next;
        private int first;
        private int end;

        private Message(int size, MemorySegment memory) {
            this.size = size;
            this.memory = memory;
        }

        long address() {
            return memory.address();
        }

        /** The first {@code sent} bytes of what is left have gone out. */
        void advance(long sent) {
            long left = sent;
            while (first < end) {
                long at = HEADER_BYTES + first * IOVEC_BYTES;
                long length = memory.get(Abi.U64, at + Abi.IOV_LEN);
                if (left < length) {
                    memory.set(Abi.U64, at + Abi.IOV_BASE, memory.get(Abi.U64, at + Abi.IOV_BASE) + left);
                    memory.set(Abi.U64, at + Abi.IOV_LEN, length - left);
                    break;
                }
                left -= length;
                first++;
            }
            write();
        }

        private void begin(int count) {
            memory.asSlice(0, HEADER_BYTES).fill((byte) 0);
            first = 0;
            end = count;
            write();
        }

        private void write() {
            memory.set(Abi.U64, Abi.MSG_IOV, memory.address() + HEADER_BYTES + first * IOVEC_BYTES);
            memory.set(Abi.U64, Abi.MSG_IOVLEN, end - first);
        }
    }
}
