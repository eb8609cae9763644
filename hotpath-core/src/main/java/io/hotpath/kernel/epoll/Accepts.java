package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.epoll.Request.Kind;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.MemorySegment;

/**
 * ACCEPT, once or multishot. The host reserves a number before it looks who waits, so at the limit of descriptors accept
 * fails although nobody waits, as in io_uring. Ring thread.
 */
final class Accepts {
    /** Accepts of one listener before others have their turn. */
    private static final int BURST_MAX = 32;

    private final EpollRing ring;
    private final Descriptors descriptors;
    private final MemorySegment capture;

    Accepts(EpollRing ring, MemorySegment capture) {
        this.ring = ring;
        this.capture = capture;
        descriptors = ring.descriptors();
    }

    void start(Sqe sqe) {
        boolean stray = sqe.length() != 0 || sqe.group() != 0 || sqe.optlen() != 0;
        boolean asksForAddress = sqe.address() != 0 || sqe.off() != 0;
        int error = stray || asksForAddress ? -Errno.EINVAL : Descriptors.neverBlock(sqe.fd());
        if (error == 0) {
            error = descriptors.watch(sqe.fd());
        }
        if (error < 0) {
            ring.complete(sqe, error);
            return;
        }
        Descriptor descriptor = descriptors.at(sqe.fd());
        Request request = ring.requests().take(Kind.ACCEPT, sqe);
        request.multishot = sqe.asks(Abi.IORING_ACCEPT_MULTISHOT);
        ring.requests().arm(request, descriptor);
        if (sqe.asks(Abi.IORING_ACCEPT_POLL_FIRST)) {
            descriptor.readable = false;
            descriptors.refresh(descriptor);
        } else {
            descriptor.readable = true;
            ring.ready(descriptor);
        }
    }

    /** Accepts who waits, up to a bound; true if there may be more. */
    boolean proceed(Request request, Descriptor descriptor) {
        for (int i = 0; i < BURST_MAX; i++) {
            int result = Syscalls.accept4(capture, descriptor.fd, request.flags);
            if (result == -Errno.EAGAIN) {
                descriptor.readable = false;
                return false;
            }
            if (result >= 0) {
                descriptors.opened(result);
            }
            if (result < 0 || !request.multishot) {
                if (result == -Errno.EINTR) {
                    continue;
                }
                ring.finish(request, result, 0);
                return false;
            }
            if (!ring.post(request, result, 0)) {
                return false;
            }
        }
        return true;
    }
}
