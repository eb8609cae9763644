package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;

/** A cursor over the submission queue: one object, moved from entry to entry. Ring thread. */
final class Sqe {
    private final MemorySegment sqes;
    private long at;
    private long head;

    Sqe(MemorySegment sqes) {
        this.sqes = sqes;
    }

    Sqe at(int index) {
        at = index * Abi.SQE_BYTES;
        head = sqes.get(Abi.U64, at + Abi.SQE_HEAD);
        return this;
    }

    int opcode() {
        return (int) head & 0xff;
    }

    int flags() {
        return (int) (head >> 8) & 0xff;
    }

    int ioprio() {
        return (int) (head >> 16) & 0xffff;
    }

    int fd() {
        return (int) (head >> 32);
    }

    boolean asks(int ioprioFlag) {
        return (ioprio() & ioprioFlag) != 0;
    }

    boolean selectsBuffer() {
        return (flags() & Abi.IOSQE_BUFFER_SELECT) != 0;
    }

    boolean skipsSuccess() {
        return (flags() & Abi.IOSQE_CQE_SKIP_SUCCESS) != 0;
    }

    long off() {
        return sqes.get(Abi.U64, at + Abi.SQE_OFF);
    }

    long address() {
        return sqes.get(Abi.U64, at + Abi.SQE_ADDR);
    }

    int length() {
        return sqes.get(Abi.U32, at + Abi.SQE_LEN);
    }

    int opFlags() {
        return sqes.get(Abi.U32, at + Abi.SQE_OP_FLAGS);
    }

    long userData() {
        return sqes.get(Abi.U64, at + Abi.SQE_USER_DATA);
    }

    int group() {
        return Short.toUnsignedInt(sqes.get(Abi.U16, at + Abi.SQE_BUF_GROUP));
    }

    int optlen() {
        return sqes.get(Abi.U32, at + Abi.SQE_OPTLEN);
    }
}
