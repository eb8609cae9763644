package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.epoll.Request.Kind;

/** POLL_ADD, once or multishot. What is there already counts as an event. Ring thread. */
final class Polls {
    private final EpollRing ring;
    private final Descriptors descriptors;

    Polls(EpollRing ring) {
        this.ring = ring;
        descriptors = ring.descriptors();
    }

    void start(Sqe sqe) {
        boolean multishot = (sqe.length() & Abi.IORING_POLL_ADD_MULTI) != 0;
        boolean stray = sqe.off() != 0 || sqe.address() != 0 || sqe.group() != 0 || sqe.ioprio() != 0;
        boolean unknown = (sqe.length() & ~Abi.IORING_POLL_ADD_MULTI) != 0 || (multishot && sqe.skipsSuccess());
        int error = stray || unknown ? -Errno.EINVAL : descriptors.watch(sqe.fd());
        if (error < 0) {
            ring.complete(sqe, error);
            return;
        }
        Descriptor descriptor = descriptors.at(sqe.fd());
        Request request = ring.requests().take(Kind.POLL, sqe);
        request.flags = (sqe.opFlags() & ~Abi.EPOLLET) | Abi.POLLERR | Abi.POLLHUP;
        request.multishot = multishot;
        ring.requests().arm(request, descriptor);
        descriptor.events = 0;
        descriptors.refresh(descriptor);
    }

    void proceed(Request request, int events) {
        int mask = events & request.flags;
        if (mask == 0) {
            return;
        }
        if (request.multishot) {
            ring.post(request, mask, 0);
        } else {
            ring.finish(request, mask, 0);
        }
    }
}
