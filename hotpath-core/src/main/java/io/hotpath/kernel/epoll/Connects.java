package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Sockets;
import io.hotpath.kernel.epoll.Request.Kind;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.MemorySegment;

/**
 * CONNECT. The host copies the address in the call. One that is under way, begun on another ring, is waited for and not
 * repeated. Ring thread.
 */
final class Connects {
    private final EpollRing ring;
    private final Descriptors descriptors;
    private final Sockets sockets;
    private final MemorySegment capture;

    Connects(EpollRing ring, MemorySegment capture) {
        this.ring = ring;
        this.capture = capture;
        sockets = ring.kernel().sockets();
        descriptors = ring.descriptors();
    }

    void start(Sqe sqe) {
        boolean stray = sqe.length() != 0 || sqe.opFlags() != 0 || sqe.group() != 0 || sqe.optlen() != 0;
        int result = stray ? -Errno.EINVAL : Descriptors.neverBlock(sqe.fd());
        if (result == 0) {
            result = Syscalls.connect(capture, sqe.fd(), sqe.address(), (int) sqe.off());
        }
        switch (-result) {
            case Errno.EINPROGRESS, Errno.EALREADY, Errno.EINTR -> await(sqe);
            case Errno.EISCONN -> ring.complete(sqe, outcome(sqe.fd()));
            default -> ring.complete(sqe, result);
        }
    }

    /** It is decided. */
    void proceed(Request request, Descriptor descriptor) {
        ring.finish(request, outcome(descriptor.fd), 0);
    }

    private void await(Sqe sqe) {
        int error = descriptors.watch(sqe.fd());
        if (error < 0) {
            ring.complete(sqe, error);
            return;
        }
        Descriptor descriptor = descriptors.at(sqe.fd());
        ring.requests().arm(ring.requests().take(Kind.CONNECT, sqe), descriptor);
        descriptor.writable = false; // before it began the socket was "writable", with a hang-up
        descriptor.thorough = false;
        descriptors.refresh(descriptor);
    }

    private int outcome(int fd) {
        int error = sockets.option(fd, Abi.SOL_SOCKET, Abi.SO_ERROR);
        return error > 0 ? -error : error;
    }
}
