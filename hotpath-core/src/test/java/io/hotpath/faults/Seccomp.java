package io.hotpath.faults;

import io.hotpath.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Installs a filter on this process or on the calling thread. It stays for ever, so only a {@link Child} does this. */
final class Seccomp {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
    private static final int SYS_PRCTL = ARM ? 167 : 157;
    private static final int SYS_SECCOMP = ARM ? 277 : 317;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int SECCOMP_SET_MODE_FILTER = 1;
    private static final int SECCOMP_FILTER_FLAG_TSYNC = 1;

    private Seccomp() {}

    /** These system calls fail with {@code errno}, all others work. */
    static Bpf refusing(int errno, int... numbers) {
        Bpf filter = new Bpf();
        for (int number : numbers) {
            filter.ifNumber(number).thenReturn(Bpf.errno(errno));
        }
        return filter.thenReturn(Bpf.RETURN_ALLOW);
    }

    /** @param allThreads otherwise only the calling thread and those it starts */
    static void install(Bpf filter, boolean allThreads) {
        byte[] program = filter.bytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment instructions = arena.allocate(program.length, Long.BYTES);
            MemorySegment.copy(program, 0, instructions, ValueLayout.JAVA_BYTE, 0, program.length);
            MemorySegment description = arena.allocate(2 * Long.BYTES, Long.BYTES); // struct sock_fprog
            description.set(ValueLayout.JAVA_SHORT, 0, (short) filter.instructions());
            description.set(ValueLayout.JAVA_LONG, Long.BYTES, instructions.address());
            require(Native.syscall(SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1), "prctl(PR_SET_NO_NEW_PRIVS)");
            int flags = allThreads ? SECCOMP_FILTER_FLAG_TSYNC : 0;
            require(Native.syscall(SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, flags, description.address()), "seccomp");
        }
    }

    private static void require(long result, String call) {
        if (result != 0) {
            throw new IllegalStateException(call + " gave " + (result < 0 ? Errno.name((int) -result) : result));
        }
    }
}
