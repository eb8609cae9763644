package io.hotpath.kernel.libc;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.hotpath.kernel.Abi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The classic BPF program that picks one of some members of a reuseport group at random: {@code struct sock_fprog}, for
 * {@code SO_ATTACH_REUSEPORT_CBPF}. It runs once per new client.
 *
 * @see <a href="https://www.kernel.org/doc/html/latest/networking/filter.html">Linux Socket Filtering</a>
 */
final class ReuseportFilter {
    private static final int INSTRUCTION_BYTES = 8;
    private static final int PROGRAM_BYTES = 16;
    private static final int PROGRAM_FILTER = 8;

    private static final int LOAD_WORD = 0x20; // BPF_LD | BPF_W | BPF_ABS
    private static final int MODULO = 0x94; // BPF_ALU | BPF_MOD | BPF_K
    private static final int JUMP_IF_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private static final int RETURN = 0x06; // BPF_RET | BPF_K
    private static final int RANDOM = -0x1000 + 56; // SKF_AD_OFF + SKF_AD_RANDOM

    private final MemorySegment instructions;
    private int count;

    private ReuseportFilter(MemorySegment instructions) {
        this.instructions = instructions;
    }

    /** {@code members} are places in the group, at least one. */
    static MemorySegment oneOf(int[] members, Arena arena) {
        ReuseportFilter filter =
                new ReuseportFilter(arena.allocate((2L + 2L * members.length) * INSTRUCTION_BYTES, Long.BYTES));
        filter.add(LOAD_WORD, 0, RANDOM);
        filter.add(MODULO, 0, members.length);
        int last = members.length - 1;
        for (int i = 0; i < last; i++) {
            filter.add(JUMP_IF_EQUAL, 1, i); // else over the return
            filter.add(RETURN, 0, members[i]);
        }
        filter.add(RETURN, 0, members[last]); // what is left of a modulo; a program must end in a return
        MemorySegment program = arena.allocate(PROGRAM_BYTES, Long.BYTES);
        program.set(Abi.U16, 0, (short) filter.count);
        program.set(Abi.U64, PROGRAM_FILTER, filter.instructions.address());
        return program;
    }

    private void add(int code, int jumpIfFalse, int value) {
        long at = (long) count * INSTRUCTION_BYTES;
        instructions.set(Abi.U16, at, (short) code);
        instructions.set(JAVA_BYTE, at + Short.BYTES, (byte) 0);
        instructions.set(JAVA_BYTE, at + Short.BYTES + 1, (byte) jumpIfFalse);
        instructions.set(Abi.U32, at + Integer.BYTES, value);
        count++;
    }
}
