package io.hotpath.faults;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The few downcalls that tests need beside the kernel's own: raw system calls, and a child that inherits what it may. */
final class Native {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final long ERRNO =
            Linker.Option.captureStateLayout().byteOffset(groupElement("errno"));

    private static final MethodHandle SYSCALL = find("syscall", FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1), Linker.Option.captureCallState("errno"));
    private static final MethodHandle POSIX_SPAWN = find("posix_spawn", FunctionDescriptor.of(
            JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS));

    private Native() {}

    /** Returns {@code >= 0} or {@code -errno}. Missing arguments are 0. */
    static long syscall(long number, long... arguments) {
        long[] a = java.util.Arrays.copyOf(arguments, 6);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(Linker.Option.captureStateLayout());
            long result = (long) SYSCALL.invokeExact(capture, number, a[0], a[1], a[2], a[3], a[4], a[5]);
            return result >= 0 ? result : -capture.get(JAVA_INT, ERRNO);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    /** Starts a program with every descriptor that is not close-on-exec; the JDK's own way closes them all. */
    static int spawn(String path, String argument) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pid = arena.allocate(JAVA_INT);
            MemorySegment program = arena.allocateFrom(path);
            MemorySegment argv = arena.allocate(ADDRESS, 3);
            argv.setAtIndex(ADDRESS, 0, program);
            argv.setAtIndex(ADDRESS, 1, arena.allocateFrom(argument));
            argv.setAtIndex(ADDRESS, 2, MemorySegment.NULL);
            MemorySegment environment = arena.allocate(ADDRESS);
            int errno = (int) POSIX_SPAWN.invokeExact(
                    pid, program, MemorySegment.NULL, MemorySegment.NULL, argv, environment);
            return errno == 0 ? pid.get(JAVA_INT, 0) : -errno;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle find(String name, FunctionDescriptor function, Linker.Option... options) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), function, options);
    }
}
