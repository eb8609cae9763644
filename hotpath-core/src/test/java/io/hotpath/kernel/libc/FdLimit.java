package io.hotpath.kernel.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/** Lets this process open only so many more descriptors, until it is closed. */
public final class FdLimit implements AutoCloseable {
    private static final int RLIMIT_NOFILE = 7;
    private static final MethodHandle GETRLIMIT = find("getrlimit");
    private static final MethodHandle SETRLIMIT = find("setrlimit");

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment limits = arena.allocate(JAVA_LONG, 2);
    private final List<Integer> fillers = new ArrayList<>();
    private final long soft;

    private FdLimit(int free) {
        check(call(GETRLIMIT, limits));
        soft = limits.get(JAVA_LONG, 0);
        // the limit is on the highest number, so fill the gaps below it
        int highest = open();
        limits.set(JAVA_LONG, 0, highest + 1L + free);
        check(call(SETRLIMIT, limits));
        int fd = open();
        while (fd >= 0) {
            fd = open();
        }
        for (int i = 0; i < free; i++) {
            Syscalls.close(fillers.removeLast());
        }
    }

    public static FdLimit leaving(int free) {
        Syscalls.close(Syscalls.eventfd(0, 0)); // loads what this class needs while it still can
        return new FdLimit(free);
    }

    @Override
    public void close() {
        limits.set(JAVA_LONG, 0, soft);
        check(call(SETRLIMIT, limits));
        fillers.forEach(Syscalls::close);
        arena.close();
    }

    private int open() {
        int fd = Syscalls.socket(1, 1, 0);
        if (fd >= 0) {
            fillers.add(fd);
        }
        return fd;
    }

    private static int call(MethodHandle function, MemorySegment limits) {
        try {
            return (int) function.invokeExact(RLIMIT_NOFILE, limits);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    private static void check(int result) {
        if (result != 0) {
            throw new AssertionError("rlimit refused");
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle find(String name) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    }
}
