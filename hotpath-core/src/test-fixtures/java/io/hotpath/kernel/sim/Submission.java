package io.hotpath.kernel.sim;

import io.hotpath.kernel.Abi;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** One SQE, copied at submission: the entry may be overwritten right after enter. */
record Submission(
        int opcode,
        int flags,
        int ioprio,
        int fd,
        long off,
        long addr,
        int len,
        int opFlags,
        long userData,
        int bufGroup,
        int optlen) {
    private static final long FLAGS = Abi.offset(Abi.SQE, "flags");
    private static final long IOPRIO = Abi.offset(Abi.SQE, "ioprio");
    private static final long FD = Abi.offset(Abi.SQE, "fd");

    static Submission read(MemorySegment sqes, long at) {
        return new Submission(
                Byte.toUnsignedInt(sqes.get(ValueLayout.JAVA_BYTE, at + Abi.SQE_HEAD)),
                Byte.toUnsignedInt(sqes.get(ValueLayout.JAVA_BYTE, at + FLAGS)),
                Short.toUnsignedInt(sqes.get(Abi.U16, at + IOPRIO)),
                sqes.get(Abi.U32, at + FD),
                sqes.get(Abi.U64, at + Abi.SQE_OFF),
                sqes.get(Abi.U64, at + Abi.SQE_ADDR),
                sqes.get(Abi.U32, at + Abi.SQE_LEN),
                sqes.get(Abi.U32, at + Abi.SQE_OP_FLAGS),
                sqes.get(Abi.U64, at + Abi.SQE_USER_DATA),
                Short.toUnsignedInt(sqes.get(Abi.U16, at + Abi.SQE_BUF_GROUP)),
                sqes.get(Abi.U32, at + Abi.SQE_OPTLEN));
    }

    boolean selectsBuffer() {
        return (flags & Abi.IOSQE_BUFFER_SELECT) != 0;
    }

    boolean skipsSuccess() {
        return (flags & Abi.IOSQE_CQE_SKIP_SUCCESS) != 0;
    }

    boolean asks(int ioprioFlag) {
        return (ioprio & ioprioFlag) != 0;
    }
}
