package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.epoll.Request.Kind;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * RECV, once or multishot, into buffers of a group or the caller's memory. The buffer is picked before the socket is looked
 * at, so an empty group means ENOBUFS whatever the socket has. Ring thread.
 */
final class Receives {
    /**
     * Buffers that one socket fills before the others have their turn; a bundle may go beyond it. 32, as in io_uring, cost 1.4 times as
     * much where bytes only come in.
     */
    private static final int BURST_MAX = 16;

    private final EpollRing ring;
    private final Descriptors descriptors;
    private final Requests requests;
    private final BufferGroups groups;
    private final MemorySegment capture;
    private final Scatter scatter;

    /** In the present burst. */
    private int filled;

    Receives(EpollRing ring, BufferGroups groups, MemorySegment capture, Arena arena) {
        scatter = new Scatter(arena);
        this.ring = ring;
        this.groups = groups;
        this.capture = capture;
        descriptors = ring.descriptors();
        requests = ring.requests();
    }

    void start(Sqe sqe) {
        boolean pollFirst = sqe.asks(Abi.IORING_RECVSEND_POLL_FIRST);
        int error = refused(sqe);
        if (error == 0) {
            error = descriptors.watch(sqe.fd());
        }
        if (error == 0 && sqe.selectsBuffer() && !pollFirst && isEmpty(groups.at(sqe.group()))) {
            error = -Errno.ENOBUFS;
        }
        if (error < 0) {
            ring.complete(sqe, error);
            return;
        }
        Descriptor descriptor = descriptors.at(sqe.fd());
        Request request = requests.take(Kind.RECV, sqe);
        request.multishot = sqe.asks(Abi.IORING_RECV_MULTISHOT);
        request.bundles = sqe.asks(Abi.IORING_RECVSEND_BUNDLE) && sqe.selectsBuffer();
        request.group = sqe.selectsBuffer() ? sqe.group() : -1;
        request.address = sqe.address();
        request.length = sqe.length();
        request.cap = sqe.optlen();
        requests.arm(request, descriptor);
        if (pollFirst) {
            descriptor.readable = false;
            descriptors.refresh(descriptor);
        } else if (descriptor.readable || (request.flags & Abi.MSG_DONTWAIT) != 0) {
            descriptor.readable = true;
            ring.ready(descriptor);
        }
    }

    /** Receives what there is, up to a bound; true if there may be more. */
    boolean proceed(Request request, Descriptor descriptor) {
        filled = 0;
        while (filled < BURST_MAX) {
            if (!receive(request, descriptor)) {
                return false;
            }
        }
        return true;
    }

    private boolean receive(Request request, Descriptor descriptor) {
        long address = request.address;
        long room = Integer.toUnsignedLong(request.length);
        BufferGroup group = null;
        if (request.group >= 0) {
            group = groups.at(request.group);
            if (group == null || group.isEmpty()) {
                ring.finish(request, -Errno.ENOBUFS, 0);
                return false;
            }
            address = group.address();
            long length = Integer.toUnsignedLong(group.length());
            room = room == 0 ? length : Math.min(room, length);
        }
        if (group != null && request.bundles) {
            return bundle(request, descriptor, group, room);
        }
        int count = Syscalls.recv(capture, descriptor.fd, address, room, request.flags | Abi.MSG_DONTWAIT);
        if (count <= 0) {
            return nothing(request, descriptor, count);
        }
        if (count < room && !descriptor.thorough) {
            descriptor.readable = false; // epoll(7): a short read has emptied the socket, the next byte is an edge
        }
        return received(request, descriptor, group, count);
    }

    /**
     * Receives into one buffer, or, if the last receive of this descriptor has filled all it was given, into as many as there
     * may be bytes for. Cut at the cap.
     */
    private boolean bundle(Request request, Descriptor descriptor, BufferGroup group, long first) {
        long left = request.cap <= 0 ? Long.MAX_VALUE : request.cap - request.done;
        long room = Math.min(first, left);
        int count;
        if (descriptor.bulk && group.available() > 1 && left > first) {
            room = scatter.gather(group, left);
            count = Syscalls.recvmsg(capture, descriptor.fd, scatter.address(), request.flags | Abi.MSG_DONTWAIT);
        } else {
            count = Syscalls.recv(capture, descriptor.fd, group.address(), room, request.flags | Abi.MSG_DONTWAIT);
        }
        if (count <= 0) {
            return nothing(request, descriptor, count);
        }
        descriptor.bulk = count == room || count > first;
        if (count < room && !descriptor.thorough) {
            descriptor.readable = false;
        }
        return bundled(request, descriptor, group, count);
    }

    private boolean bundled(Request request, Descriptor descriptor, BufferGroup group, int count) {
        int flags = descriptor.readable ? Abi.IORING_CQE_F_SOCK_NONEMPTY : 0;
        int left = count - group.length();
        flags |= Abi.IORING_CQE_F_BUFFER | (group.take() << Abi.IORING_CQE_BUFFER_SHIFT);
        filled++;
        while (left > 0) {
            left -= group.length();
            group.take();
            filled++;
        }
        request.done += count;
        if (!request.multishot || group.isEmpty() || (request.cap != 0 && request.done >= request.cap)) {
            ring.finish(request, count, flags);
            return false;
        }
        return ring.post(request, count, flags) && descriptor.readable;
    }

    private boolean received(Request request, Descriptor descriptor, @Nullable BufferGroup group, int count) {
        int flags = descriptor.readable ? Abi.IORING_CQE_F_SOCK_NONEMPTY : 0;
        if (group != null) {
            flags |= Abi.IORING_CQE_F_BUFFER | (group.take() << Abi.IORING_CQE_BUFFER_SHIFT);
        }
        filled++;
        request.done += count;
        if (!request.multishot || (request.cap != 0 && request.done >= request.cap)) {
            ring.finish(request, count, flags);
            return false;
        }
        return ring.post(request, count, flags) && descriptor.readable;
    }

    private boolean nothing(Request request, Descriptor descriptor, int result) {
        if (result == -Errno.EINTR) {
            filled++; // it is bounded too
            return true;
        }
        if (result != -Errno.EAGAIN) {
            ring.finish(request, result, 0);
            return false;
        }
        descriptor.readable = false;
        if ((request.flags & Abi.MSG_DONTWAIT) != 0) {
            ring.finish(request, result, 0);
        }
        return false;
    }

    private static int refused(Sqe sqe) {
        boolean multishot = sqe.asks(Abi.IORING_RECV_MULTISHOT);
        boolean stray = sqe.off() != 0 || (!multishot && sqe.optlen() != 0);
        boolean waitAll = (sqe.opFlags() & Abi.MSG_WAITALL) != 0;
        return stray || waitAll || (multishot && !sqe.selectsBuffer()) ? -Errno.EINVAL : 0;
    }

    private static boolean isEmpty(@Nullable BufferGroup group) {
        return group == null || group.isEmpty();
    }
}
