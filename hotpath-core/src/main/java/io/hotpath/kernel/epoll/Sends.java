package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.epoll.Request.Kind;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * SEND and SENDMSG. Tried at once; with MSG_WAITALL what did not go out continues when there is room. Sends of one socket
 * keep their order. Ring thread.
 */
final class Sends {
    private static final int SYSCALL_FLAGS = Abi.MSG_DONTWAIT | Abi.MSG_NOSIGNAL;

    private final EpollRing ring;
    private final Descriptors descriptors;
    private final Requests requests;
    private final Messages messages;
    private final MemorySegment capture;

    Sends(EpollRing ring, Messages messages, MemorySegment capture) {
        this.ring = ring;
        this.messages = messages;
        this.capture = capture;
        descriptors = ring.descriptors();
        requests = ring.requests();
    }

    void start(Sqe sqe, Kind kind) {
        if (sqe.off() != 0 || sqe.optlen() != 0) {
            ring.complete(sqe, -Errno.EINVAL);
            return;
        }
        int result = mustWait(descriptors.find(sqe.fd())) ? -Errno.EAGAIN : attempt(sqe, kind);
        boolean blocked = result == -Errno.EAGAIN || result == -Errno.EINTR;
        int flags = sqe.opFlags();
        boolean over = blocked ? (flags & Abi.MSG_DONTWAIT) != 0 : result < 0 || !waitsForAll(flags);
        if (over) {
            ring.complete(sqe, result);
        } else if (kind == Kind.SENDMSG && parts(sqe) > Abi.IOV_MAX) {
            ring.complete(sqe, -Errno.EMSGSIZE);
        } else {
            rest(sqe, kind, Math.max(result, 0));
        }
    }

    /** Sends what there is room for; true if it was interrupted. */
    boolean proceed(Request request, Descriptor descriptor) {
        int result = request.message == null
                ? Syscalls.send(capture, descriptor.fd, request.address, request.length - request.done,
                        flags(request.flags))
                : Syscalls.sendmsg(capture, descriptor.fd, request.message.address(), flags(request.flags));
        if (result >= 0) {
            sent(request, descriptor, result);
            return false;
        }
        if (result == -Errno.EAGAIN) {
            descriptor.writable = false;
            return false;
        }
        if (result != -Errno.EINTR) {
            ring.finish(request, request.done > 0 ? request.done : result, 0);
        }
        return result == -Errno.EINTR;
    }

    /** {@code request} waits no longer. */
    void release(Request request) {
        if (request.message != null) {
            messages.free(request.message);
            request.message = null;
        }
    }

    private void sent(Request request, Descriptor descriptor, int count) {
        request.done += count;
        if (request.done >= request.length || !waitsForAll(request.flags)) {
            ring.finish(request, request.done, 0);
            return;
        }
        descriptor.writable = false; // it took less than it was given: it is full, and room is an edge
        advance(request, count);
    }

    private static boolean mustWait(@Nullable Descriptor descriptor) {
        return descriptor != null && descriptor.armed > 0 && (descriptor.sends > 0 || !descriptor.writable);
    }

    private int attempt(Sqe sqe, Kind kind) {
        int flags = flags(sqe.opFlags());
        return kind == Kind.SEND
                ? Syscalls.send(capture, sqe.fd(), sqe.address(), Integer.toUnsignedLong(sqe.length()), flags)
                : Syscalls.sendmsg(capture, sqe.fd(), sqe.address(), flags);
    }

    /** {@code done} bytes went out; the others, if any, wait for room. */
    private void rest(Sqe sqe, Kind kind, int done) {
        int total = (int) Math.min(total(sqe, kind), Integer.MAX_VALUE);
        int error = done < total ? descriptors.watch(sqe.fd()) : 0;
        if (error < 0 || done == total) {
            ring.complete(sqe, done > 0 ? done : error);
            return;
        }
        Descriptor descriptor = descriptors.at(sqe.fd());
        Request request = requests.take(kind, sqe);
        request.address = sqe.address();
        request.length = total;
        request.done = done;
        if (kind == Kind.SENDMSG) {
            request.message = messages.copy(sqe.address());
        }
        advance(request, done);
        requests.arm(request, descriptor);
        descriptor.writable = false; // watching it reports the room that there is
    }

    private static void advance(Request request, int count) {
        if (request.message == null) {
            request.address += count;
        } else {
            request.message.advance(count);
        }
    }

    private static long total(Sqe sqe, Kind kind) {
        return kind == Kind.SEND ? Integer.toUnsignedLong(sqe.length()) : Messages.bytes(sqe.address());
    }

    private static long parts(Sqe sqe) {
        return Native.u64(sqe.address() + Abi.MSG_IOVLEN);
    }

    private static boolean waitsForAll(int flags) {
        return (flags & Abi.MSG_WAITALL) != 0;
    }

    private static int flags(int flags) {
        return (flags & ~Abi.MSG_WAITALL) | SYSCALL_FLAGS;
    }
}
