package io.hotpath.bench.load;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The CPU time of a whole process, in nanoseconds, not in ticks.
 *
 * @see <a href="https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html">clock_getcpuclockid(3)</a>
 */
public final class CpuClock {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CLOCK_GETCPUCLOCKID =
            find("clock_getcpuclockid", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle CLOCK_GETTIME =
            find("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    private static final long NANOS = 1_000_000_000L;

    /** A {@code struct timespec}: seconds and nanoseconds. */
    private final MemorySegment time = Arena.ofAuto().allocate(2 * JAVA_LONG.byteSize(), JAVA_LONG.byteAlignment());

    private final long pid;
    private final int clock;

    /** @throws IllegalStateException if there is no such process */
    public CpuClock(long pid) {
        this.pid = pid;
        MemorySegment id = Arena.ofAuto().allocate(JAVA_INT);
        try {
            require((int) CLOCK_GETCPUCLOCKID.invokeExact((int) pid, id));
        } catch (RuntimeException refused) {
            throw refused;
        } catch (Throwable thrown) {
            throw new LinkageError("clock_getcpuclockid", thrown);
        }
        clock = id.get(JAVA_INT, 0);
    }

    /** Nanoseconds of CPU time so far, of all threads, in user and kernel mode. */
    public long nanos() {
        try {
            require((int) CLOCK_GETTIME.invokeExact(clock, time));
        } catch (RuntimeException refused) {
            throw refused;
        } catch (Throwable thrown) {
            throw new LinkageError("clock_gettime", thrown);
        }
        return time.getAtIndex(JAVA_LONG, 0) * NANOS + time.getAtIndex(JAVA_LONG, 1);
    }

    private void require(int result) {
        if (result != 0) {
            throw new IllegalStateException("process " + pid + " has no CPU clock: it has ended");
        }
    }

    @SuppressWarnings("restricted") // both calls are given what they are declared to take
    private static MethodHandle find(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }
}
