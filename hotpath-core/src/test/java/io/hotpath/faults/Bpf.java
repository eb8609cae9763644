package io.hotpath.faults;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A program of classic BPF over {@code struct seccomp_data}, as seccomp wants it: jumps go forward only, to the end of the
 * block they are in.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/seccomp.2.html">seccomp(2)</a>
 */
final class Bpf {
    /** More instructions than this are refused by the kernel ({@code BPF_MAXINSNS}). */
    static final int INSTRUCTIONS_MAX = 4096;

    static final int INSTRUCTION_BYTES = 8;
    static final int RETURN_ALLOW = 0x7fff0000;
    static final int RETURN_ERRNO = 0x00050000;
    static final int RETURN_KILL = 0x80000000;

    private static final int LOAD_WORD = 0x20;
    private static final int AND = 0x54;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_GREATER = 0x25;
    private static final int JUMP_GREATER_OR_EQUAL = 0x35;
    private static final int RETURN = 0x06;

    private static final int NUMBER_OFFSET = 0;
    private static final int ARCHITECTURE_OFFSET = 4;
    private static final int ARGUMENTS_OFFSET = 16;

    /** A jump to the end of its block, filled in when the block ends. */
    private static final int TO_END = 0xff;

    private record Instruction(int code, int ifTrue, int ifFalse, int operand) {}

    private final List<Instruction> program = new ArrayList<>();
    private int blockStart;

    /** The block goes on only for this system call. */
    Bpf ifNumber(int number) {
        blockStart = program.size();
        return add(LOAD_WORD, NUMBER_OFFSET).onlyIf(JUMP_EQUAL, number);
    }

    Bpf ifArchitectureIsNot(int architecture) {
        blockStart = program.size();
        return add(LOAD_WORD, ARCHITECTURE_OFFSET).onlyIfNot(JUMP_EQUAL, architecture);
    }

    /** The block goes on only if argument {@code index} is {@code value} in the bits of {@code mask}. */
    Bpf ifArgumentIs(int index, long mask, long value) {
        for (int half = 0; half < 2; half++) {
            int maskHalf = (int) (mask >>> (32 * half));
            if (maskHalf != 0 || half == 0) {
                loadArgument(index, half);
                add(AND, maskHalf).onlyIf(JUMP_EQUAL, (int) (value >>> (32 * half)));
            }
        }
        return this;
    }

    /** Only for values below 2^31, and taken from the lower half, as the kernel takes an {@code int}. */
    Bpf ifArgumentBelow(int index, int value) {
        loadArgument(index, 0);
        return onlyIfNot(JUMP_GREATER_OR_EQUAL, value);
    }

    /** See {@link #ifArgumentBelow}. */
    Bpf ifArgumentAbove(int index, int value) {
        loadArgument(index, 0);
        return onlyIf(JUMP_GREATER, value);
    }

    /** Ends the block. */
    Bpf thenReturn(int result) {
        add(RETURN, result);
        int end = program.size();
        for (int i = blockStart; i < end; i++) {
            Instruction in = program.get(i);
            int offset = end - i - 1;
            program.set(i, new Instruction(
                    in.code, in.ifTrue == TO_END ? offset : in.ifTrue, in.ifFalse == TO_END ? offset : in.ifFalse,
                    in.operand));
        }
        blockStart = end;
        return this;
    }

    static int errno(int errno) {
        return RETURN_ERRNO | errno;
    }

    int instructions() {
        return program.size();
    }

    /** The instructions as {@code struct sock_filter[]}. */
    byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(program.size() * INSTRUCTION_BYTES).order(ByteOrder.nativeOrder());
        for (Instruction in : program) {
            bytes.putShort((short) in.code).put((byte) in.ifTrue).put((byte) in.ifFalse).putInt(in.operand);
        }
        return bytes.array();
    }

    private void loadArgument(int index, int half) {
        add(LOAD_WORD, ARGUMENTS_OFFSET + index * Long.BYTES + half * Integer.BYTES);
    }

    private Bpf onlyIf(int jump, int operand) {
        program.add(new Instruction(jump, 0, TO_END, operand));
        return this;
    }

    private Bpf onlyIfNot(int jump, int operand) {
        program.add(new Instruction(jump, TO_END, 0, operand));
        return this;
    }

    private Bpf add(int code, int operand) {
        program.add(new Instruction(code, 0, 0, operand));
        return this;
    }
}
