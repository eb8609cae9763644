package io.hotpath.kernel.libc;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntFunction;

/**
 * Maps memory and gives it back. Nothing here is freed by an arena or a collector: the kernel may write to it as long as
 * it is mapped, so its end is always an explicit {@code munmap}.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/mmap.2.html">mmap(2)</a>
 */
public final class Mmap {
    private static final int PROT_READ_WRITE = 0x1 | 0x2;
    private static final int MAP_SHARED = 0x01;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_POPULATE = 0x8000;

    private Mmap() {}

    /** Page-aligned, zeroed, of global scope. Any thread. */
    public static MemorySegment anonymous(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("bytes is " + bytes + ", must be at least 1: nothing to map");
        }
        long address = Syscalls.mmap(bytes, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (address < 0) {
            throw new EngineException(
                    "mmap of " + bytes + " bytes",
                    (int) -address,
                    "use fewer or smaller buffers, or raise the memory limit of the container (ulimit -v, cgroup"
                            + " memory.max, vm.max_map_count)");
        }
        return segment(address, bytes, Arena.global());
    }

    /**
     * Maps a part of a ring. The scope of {@code arena} decides who may touch it and until when; the mapping itself stays
     * until {@link #unmap}.
     *
     * @param refusal what to throw for a positive errno
     */
    public static MemorySegment ring(
            int ringFd, long offset, long bytes, Arena arena, IntFunction<? extends RuntimeException> refusal) {
        long address = Syscalls.mmap(bytes, PROT_READ_WRITE, MAP_SHARED | MAP_POPULATE, ringFd, offset);
        if (address < 0) {
            throw refusal.apply((int) -address);
        }
        return segment(address, bytes, arena);
    }

    /** Takes an address, because the scope of ring memory has ended when it is unmapped. Any thread. */
    public static void unmap(long address, long bytes) {
        int result = Syscalls.munmap(address, bytes);
        if (result < 0) {
            throw new EngineException(
                    "munmap of " + bytes + " bytes at 0x" + Long.toHexString(address),
                    -result,
                    result == -Errno.ENOMEM
                            ? "the process has too many mappings, raise vm.max_map_count"
                            : "only memory that was mapped can be unmapped, as a whole");
        }
    }

    @SuppressWarnings("restricted") // the kernel gave these bytes to us
    private static MemorySegment segment(long address, long bytes, Arena arena) {
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, null);
    }
}
