package io.hotpath.kernel.linux;

import static io.hotpath.kernel.linux.Uring.IORING_ENTER_EXT_ARG;
import static io.hotpath.kernel.linux.Uring.IORING_ENTER_GETEVENTS;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * {@code io_uring_enter(2)} with its arguments prepared: the one call of the hot path. It allocates nothing; the time
 * limit is rewritten in place. Ring thread.
 */
final class EnterCall {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long SECONDS = Abi.offset(Abi.TIMESPEC, "tv_sec");
    private static final long NANOS = Abi.offset(Abi.TIMESPEC, "tv_nsec");
    private static final long ARG_BYTES = Abi.GETEVENTS_ARG.byteSize();

    private final int fd;
    private final int flags;
    private final MemorySegment capture;
    private final MemorySegment timespec;
    private final long argAddress;

    /**
     * @param fd    the ring's descriptor, or its registered index if {@code flags} say so
     * @param flags that every call carries
     */
    EnterCall(int fd, int flags, MemorySegment capture, Arena arena) {
        this.fd = fd;
        this.flags = flags;
        this.capture = capture;
        timespec = arena.allocate(Abi.TIMESPEC);
        MemorySegment arg = arena.allocate(Abi.GETEVENTS_ARG);
        arg.set(Abi.U64, Abi.offset(Abi.GETEVENTS_ARG, "ts"), timespec.address());
        argAddress = arg.address();
    }

    int submit(int toSubmit) {
        return Syscalls.ioUringEnter(capture, fd, toSubmit, 0, flags, 0, 0);
    }

    /** Submits and waits without a limit. */
    int submitAndWait(int toSubmit, int minComplete) {
        return Syscalls.ioUringEnter(capture, fd, toSubmit, minComplete, flags | IORING_ENTER_GETEVENTS, 0, 0);
    }

    int submitAndWait(int toSubmit, int minComplete, long timeoutNanos) {
        timespec.set(Abi.U64, SECONDS, timeoutNanos / NANOS_PER_SECOND);
        timespec.set(Abi.U64, NANOS, timeoutNanos % NANOS_PER_SECOND);
        int waitFlags = flags | IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
        return Syscalls.ioUringEnter(capture, fd, toSubmit, minComplete, waitFlags, argAddress, ARG_BYTES);
    }
}
