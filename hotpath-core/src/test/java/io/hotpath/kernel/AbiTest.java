package io.hotpath.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.StructLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pins what the kernel's headers say; a change here breaks every running ring. */
final class AbiTest {
    @Test
    void everyStructHasTheSizeOfTheHeader() {
        assertThat(Abi.SQE.byteSize()).isEqualTo(64);
        assertThat(Abi.CQE.byteSize()).isEqualTo(16);
        assertThat(Abi.SQ_OFFSETS.byteSize()).isEqualTo(40);
        assertThat(Abi.CQ_OFFSETS.byteSize()).isEqualTo(40);
        assertThat(Abi.PARAMS.byteSize()).isEqualTo(120);
        assertThat(Abi.BUF.byteSize()).isEqualTo(16);
        assertThat(Abi.BUF_REG.byteSize()).isEqualTo(40);
        assertThat(Abi.BUF_STATUS.byteSize()).isEqualTo(40);
        assertThat(Abi.GETEVENTS_ARG.byteSize()).isEqualTo(24);
        assertThat(Abi.TIMESPEC.byteSize()).isEqualTo(16);
        assertThat(Abi.RESTRICTION.byteSize()).isEqualTo(16);
        assertThat(Abi.RSRC_UPDATE.byteSize()).isEqualTo(16);
        assertThat(Abi.MSGHDR.byteSize()).isEqualTo(56);
        assertThat(Abi.IOVEC.byteSize()).isEqualTo(16);
    }

    @ParameterizedTest
    @CsvSource({
        "opcode, 0", "flags, 1", "ioprio, 2", "fd, 4", "off, 8", "addr, 16", "len, 24", "op_flags, 28", "user_data, 32",
        "buf_group, 40", "personality, 42", "optlen, 44", "addr3, 48"
    })
    void sqeFieldLiesWhereTheKernelReadsIt(String field, long offset) {
        assertThat(Abi.offset(Abi.SQE, field)).isEqualTo(offset);
    }

    @ParameterizedTest
    @CsvSource({"user_data, 0", "res, 8", "flags, 12"})
    void cqeFieldLiesWhereTheKernelWritesIt(String field, long offset) {
        assertThat(Abi.offset(Abi.CQE, field)).isEqualTo(offset);
    }

    @ParameterizedTest
    @CsvSource({"sq_entries, 0", "cq_entries, 4", "flags, 8", "features, 20", "wq_fd, 24", "sq_off, 40", "cq_off, 80"})
    void paramsFieldLiesWhereTheKernelLooks(String field, long offset) {
        assertThat(Abi.offset(Abi.PARAMS, field)).isEqualTo(offset);
    }

    @Test
    void queueOffsetsAreInTheOrderOfTheHeader() {
        assertOffsets(Abi.SQ_OFFSETS, "head", "tail", "ring_mask", "ring_entries", "flags", "dropped", "array");
        assertOffsets(Abi.CQ_OFFSETS, "head", "tail", "ring_mask", "ring_entries", "overflow", "cqes", "flags");
    }

    @Test
    void bufferRingKeepsItsTailInEntryZero() {
        assertThat(Abi.BUF_ADDR).isZero();
        assertThat(Abi.BUF_LEN).isEqualTo(8);
        assertThat(Abi.BUF_BID).isEqualTo(12);
        assertThat(Abi.BUF_RING_TAIL).isEqualTo(14);
    }

    @Test
    void argumentsOfRegisterAndEnterLieWhereTheKernelReadsThem() {
        assertThat(Abi.offset(Abi.BUF_REG, "ring_entries")).isEqualTo(8);
        assertThat(Abi.offset(Abi.BUF_REG, "bgid")).isEqualTo(12);
        assertThat(Abi.offset(Abi.BUF_STATUS, "head")).isEqualTo(4);
        assertThat(Abi.offset(Abi.GETEVENTS_ARG, "ts")).isEqualTo(16);
        assertThat(Abi.offset(Abi.RESTRICTION, "value")).isEqualTo(2);
        assertThat(Abi.offset(Abi.RSRC_UPDATE, "data")).isEqualTo(8);
    }

    @Test
    void messageHeaderIsThatOfThe64BitLibrary() {
        assertThat(Abi.MSG_IOV).isEqualTo(16);
        assertThat(Abi.MSG_IOVLEN).isEqualTo(24);
        assertThat(Abi.offset(Abi.MSGHDR, "msg_flags")).isEqualTo(48);
        assertThat(Abi.IOV_LEN).isEqualTo(8);
    }

    private static void assertOffsets(StructLayout struct, String... fields) {
        for (int i = 0; i < fields.length; i++) {
            assertThat(Abi.offset(struct, fields[i])).as(fields[i]).isEqualTo(4L * i);
        }
    }
}
