package io.hotpath.kernel.libc;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

/**
 * An eventfd that any thread can make readable, also while it is closed and afterwards: no write reaches a descriptor
 * number that was released, because it may belong to somebody else by then.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2)</a>
 */
public final class WakeFd {
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;
    private static final int CLOSED = Integer.MIN_VALUE;

    /** The eight bytes that every wake writes. */
    private static final MemorySegment ONE =
            Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1L).asReadOnly();

    private final int fd;

    /**
     * Threads that may be writing, plus {@link #CLOSED} once closed. A waker adds itself before it looks at the mark, the
     * closer marks before it looks for wakers: so either the waker sees the mark or the closer waits for the waker.
     */
    private final AtomicInteger wakers = new AtomicInteger();

    private WakeFd(int fd) {
        this.fd = fd;
    }

    /**
     * Opens it readable by nobody yet.
     *
     * @param refusal what to throw for a positive errno
     */
    public static WakeFd open(IntFunction<? extends RuntimeException> refusal) {
        int fd = Syscalls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0) {
            throw refusal.apply(-fd);
        }
        return new WakeFd(fd);
    }

    public int fd() {
        return fd;
    }

    /** Any thread. A full counter refuses the write, but then it is readable already. */
    public void wake() {
        if (wakers.get() < 0) {
            return; // or wakers that never tire could keep the closer waiting
        }
        try {
            if (wakers.getAndIncrement() >= 0) {
                Syscalls.write(fd, ONE);
            }
        } finally {
            wakers.getAndDecrement();
        }
    }

    /** Idempotent. Waits for the writes under way; none of them blocks. */
    public void close() {
        if (wakers.getAndUpdate(count -> count | CLOSED) < 0) {
            return;
        }
        while (wakers.get() != CLOSED) {
            Thread.onSpinWait();
        }
        Syscalls.close(fd);
    }
}
