package io.hotpath.kernel.epoll;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The epoll descriptor: registers edge-triggered, once per file, and waits. Calls return {@code >= 0} or {@code -errno}.
 * Ring thread.
 *
 * <p>{@code struct epoll_event} is packed on x86-64 and nowhere else.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/epoll_ctl.2.html">epoll_ctl(2)</a>
 * @see <a href="https://man7.org/linux/man-pages/man2/epoll_wait.2.html">epoll_pwait2(2)</a>
 */
final class EpollSet {
    /** Events that one wait can bring; the rest comes with the next. */
    static final int EVENTS_MAX = 512;

    static final int EPOLLPRI = 0x2;

    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLL_CTL_MOD = 3;

    /** Urgent data is asked for because it makes receives end short of what is there. */
    private static final int INTEREST =
            Abi.POLLIN | Abi.POLLOUT | Abi.POLLRDHUP | EPOLLPRI | Abi.EPOLLET;

    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");
    private static final ValueLayout.OfInt UNALIGNED = Abi.U32.withByteAlignment(1);
    private static final long EVENT_BYTES = PACKED ? 12 : 16;
    private static final long EVENT_FD = PACKED ? 4 : 8;
    private static final long EVENT_GENERATION = EVENT_FD + 4;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000L;
    private static final long SECONDS = Abi.offset(Abi.TIMESPEC, "tv_sec");
    private static final long NANOS = Abi.offset(Abi.TIMESPEC, "tv_nsec");

    private final int fd;
    private final MemorySegment capture;
    private final MemorySegment event;
    private final MemorySegment events;
    private final MemorySegment timespec;
    private final long eventAddress;
    private final long eventsAddress;
    private final long timespecAddress;
    private final boolean nanoseconds;

    private EpollSet(int fd, MemorySegment capture, Arena arena) {
        this.fd = fd;
        this.capture = capture;
        event = arena.allocate(EVENT_BYTES, Long.BYTES);
        events = arena.allocate(EVENTS_MAX * EVENT_BYTES, Long.BYTES);
        timespec = arena.allocate(Abi.TIMESPEC);
        eventAddress = event.address();
        eventsAddress = events.address();
        timespecAddress = timespec.address();
        nanoseconds = Syscalls.epollPwait2(capture, fd, eventsAddress, 1, timespecAddress) == 0; // Linux 5.11
    }

    static EpollSet open(MemorySegment capture, Arena arena) {
        int fd = Syscalls.epollCreate1(capture, EPOLL_CLOEXEC);
        if (fd < 0) {
            throw Refusal.ofStep("epoll_create1", -fd);
        }
        return new EpollSet(fd, capture, arena);
    }

    int fd() {
        return fd;
    }

    /** {@code -EEXIST} if the file behind {@code target} is registered already. */
    int add(int target, int generation) {
        return control(EPOLL_CTL_ADD, target, generation);
    }

    /** Makes what is there now an event again; {@code -ENOENT} if the number belongs to another file than it did. */
    int refresh(int target, int generation) {
        return control(EPOLL_CTL_MOD, target, generation);
    }

    int remove(int target) {
        return control(EPOLL_CTL_DEL, target, 0);
    }

    private int control(int operation, int target, int generation) {
        event.set(Abi.U32, 0, INTEREST);
        event.set(UNALIGNED, EVENT_FD, target);
        event.set(UNALIGNED, EVENT_GENERATION, generation);
        return Syscalls.epollCtl(capture, fd, operation, target, eventAddress);
    }

    /** The events that are there; does not wait. */
    int poll() {
        return Syscalls.epollWait(capture, fd, eventsAddress, EVENTS_MAX, 0);
    }

    /** Waits for events, at most {@code timeoutNanos}; negative waits without a limit. */
    int await(long timeoutNanos) {
        if (timeoutNanos < 0) {
            return Syscalls.epollWait(capture, fd, eventsAddress, EVENTS_MAX, -1);
        }
        if (!nanoseconds) {
            long millis = (timeoutNanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI; // never less than was asked for
            return Syscalls.epollWait(capture, fd, eventsAddress, EVENTS_MAX,
                    (int) Math.min(millis, Integer.MAX_VALUE));
        }
        timespec.set(Abi.U64, SECONDS, timeoutNanos / NANOS_PER_SECOND);
        timespec.set(Abi.U64, NANOS, timeoutNanos % NANOS_PER_SECOND);
        return Syscalls.epollPwait2(capture, fd, eventsAddress, EVENTS_MAX, timespecAddress);
    }

    int events(int index) {
        return events.get(UNALIGNED, index * EVENT_BYTES);
    }

    int eventFd(int index) {
        return events.get(UNALIGNED, index * EVENT_BYTES + EVENT_FD);
    }

    int eventGeneration(int index) {
        return events.get(UNALIGNED, index * EVENT_BYTES + EVENT_GENERATION);
    }

    void close() {
        Syscalls.close(fd);
    }
}
