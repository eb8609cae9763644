package io.hotpath.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.libc.Syscalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Takes an io_uring ring away from its owner, for real. To close its descriptor stops nothing, since the owner's thread has it
 * registered: that goes first. {@code /dev/null} takes the number, so that the owner's own close hits no stranger.
 */
final class RingDescriptor {
    private static final int IORING_UNREGISTER_RING_FDS = 21;
    private static final int REGISTERED_MAX = 16;
    private static final int O_CLOEXEC = 02000000;
    private static final int O_RDWR = 2;

    private RingDescriptor() {}

    /** The rings that this process holds. */
    static Set<Integer> all() {
        Set<Integer> rings = new TreeSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                if (target(descriptor).equals("anon_inode:[io_uring]")) {
                    rings.add(Integer.parseInt(descriptor.getFileName().toString()));
                }
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return rings;
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException closedMeanwhile) {
            return "";
        }
    }

    /** The only ring that is not among {@code before}. */
    static int since(Set<Integer> before) {
        Set<Integer> added = all();
        added.removeAll(before);
        assertThat(added).hasSize(1);
        return added.iterator().next();
    }

    /** Called by the ring's owner, which has no other ring. */
    static void destroy(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(Syscalls.CAPTURE);
            for (int index = 0; index < REGISTERED_MAX; index++) {
                MemorySegment update = arena.allocate(Abi.RSRC_UPDATE);
                update.set(Abi.U32, 0, index);
                assertThat(Syscalls.ioUringRegister(capture, fd, IORING_UNREGISTER_RING_FDS, update, 1)).isEqualTo(1);
            }
            int nothing = call("open", arena.allocateFrom("/dev/null"), O_RDWR | O_CLOEXEC);
            assertThat(nothing).isPositive();
            assertThat(call("dup3", nothing, fd, O_CLOEXEC)).isEqualTo(fd);
            Syscalls.close(nothing);
        }
        assertThat(all()).doesNotContain(fd);
    }

    private static int call(String name, MemorySegment path, int flags) {
        try {
            return (int) find(name, FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT)).invokeExact(path, flags);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    private static int call(String name, int first, int second, int flags) {
        try {
            return (int) find(name, FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT))
                    .invokeExact(first, second, flags);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle find(String name, FunctionDescriptor function) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), function);
    }
}
