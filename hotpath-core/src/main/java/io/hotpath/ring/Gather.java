package io.hotpath.ring;

import io.hotpath.kernel.Abi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The {@code msghdr} and {@code iovec} lists of gathered sends. The kernel reads a list while it takes the SQE and never
 * again, so all lists live here and the room is free once everything prepared has been submitted.
 *
 * <p>Use: {@link #begin()}, {@link #add} up to {@link #room()} times, then {@link Ring#prepSendGathered}. Ring thread.
 */
public final class Gather {
    private static final int IOVECS_PER_MESSAGE = 16;

    private final MemorySegment messages;
    private final MemorySegment iovecs;
    private final int messagesMax;
    private final int iovecsMax;
    private int messageCount;
    private int iovecCount;
    private int first;
    private boolean building;

    Gather(int sqEntries) {
        messagesMax = sqEntries;
        iovecsMax = Math.max(sqEntries * IOVECS_PER_MESSAGE, Abi.IOV_MAX);
        messages = Arena.ofAuto().allocate(messagesMax * Abi.MSGHDR.byteSize(), 8);
        iovecs = Arena.ofAuto().allocate(iovecsMax * Abi.IOVEC.byteSize(), 8);
    }

    /** How many parts the next list can have, 0 if none can begin before a submit. */
    public int room() {
        return messageCount == messagesMax ? 0 : Math.min(iovecsMax - iovecCount, Abi.IOV_MAX);
    }

    public void begin() {
        first = iovecCount;
        building = true;
    }

    /** Appends {@code [address, address + length)}. */
    public void add(long address, long length) {
        long at = iovecCount * Abi.IOVEC.byteSize();
        iovecs.set(Abi.U64, at + Abi.IOV_BASE, address);
        iovecs.set(Abi.U64, at + Abi.IOV_LEN, length);
        iovecCount++;
    }

    /** Completes the list; returns the address of its {@code msghdr}. */
    long end() {
        long at = messageCount * Abi.MSGHDR.byteSize();
        messages.set(Abi.U64, at + Abi.MSG_IOV, iovecs.address() + first * Abi.IOVEC.byteSize());
        messages.set(Abi.U64, at + Abi.MSG_IOVLEN, iovecCount - first);
        messageCount++;
        return messages.address() + at;
    }

    /** The SQE that names the list has been written. */
    void done() {
        building = false;
    }

    /** Everything prepared has been submitted; a list that is being built stays. */
    void reset() {
        if (!building) {
            messageCount = 0;
            iovecCount = 0;
        }
    }
}
