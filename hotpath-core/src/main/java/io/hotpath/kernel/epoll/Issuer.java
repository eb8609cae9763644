package io.hotpath.kernel.epoll;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.epoll.Request.Kind;
import io.hotpath.kernel.libc.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Starts what an SQE asks for. Refuses what Linux refuses: fields of an operation that must be 0 and are not. */
final class Issuer {
    private static final int KNOWN_FLAGS = Abi.IOSQE_BUFFER_SELECT | Abi.IOSQE_CQE_SKIP_SUCCESS;
    private static final int CANCEL_FLAGS = Abi.IORING_ASYNC_CANCEL_ALL | Abi.IORING_ASYNC_CANCEL_ANY;

    private final EpollRing ring;
    private final Requests requests;
    private final Receives receives;
    private final Sends sends;
    private final Accepts accepts;
    private final Connects connects;
    private final Polls polls;
    private final int unknownErrno;

    Issuer(EpollRing ring, BufferGroups groups, MemorySegment capture, Arena arena, boolean restricted) {
        this.ring = ring;
        requests = ring.requests();
        receives = new Receives(ring, groups, capture, arena);
        sends = new Sends(ring, new Messages(arena), capture);
        accepts = new Accepts(ring, capture);
        connects = new Connects(ring, capture);
        polls = new Polls(ring);
        unknownErrno = restricted ? Errno.EACCES : Errno.EINVAL;
    }

    void issue(Sqe sqe) {
        if ((sqe.flags() & ~KNOWN_FLAGS) != 0) {
            ring.complete(sqe, -unknownErrno);
        } else if (sqe.selectsBuffer() && sqe.opcode() != Abi.IORING_OP_RECV) {
            ring.complete(sqe, -Errno.EOPNOTSUPP);
        } else {
            dispatch(sqe);
        }
    }

    private void dispatch(Sqe sqe) {
        switch (sqe.opcode()) {
            case Abi.IORING_OP_RECV -> receives.start(sqe);
            case Abi.IORING_OP_SEND -> sends.start(sqe, Kind.SEND);
            case Abi.IORING_OP_SENDMSG -> sends.start(sqe, Kind.SENDMSG);
            case Abi.IORING_OP_ACCEPT -> accepts.start(sqe);
            case Abi.IORING_OP_CLOSE -> close(sqe);
            case Abi.IORING_OP_SHUTDOWN -> shutdown(sqe);
            case Abi.IORING_OP_CONNECT -> connects.start(sqe);
            case Abi.IORING_OP_ASYNC_CANCEL -> cancel(sqe);
            case Abi.IORING_OP_POLL_ADD -> polls.start(sqe);
            case Abi.IORING_OP_POLL_REMOVE -> removePoll(sqe);
            case Abi.IORING_OP_NOP -> ring.complete(sqe, sqe.opFlags() == 0 ? 0 : -Errno.EINVAL);
            default -> ring.complete(sqe, -unknownErrno);
        }
    }

    /** Lets the requests of {@code descriptor} do what they can, in order; true if one of them has more to do. */
    boolean serve(Descriptor descriptor) {
        int events = descriptor.events;
        descriptor.events = 0;
        boolean again = false;
        Request request = descriptor.first;
        while (request != null) {
            Request next = request.next;
            again |= proceed(request, descriptor, events);
            request = next;
        }
        return again;
    }

    private boolean proceed(Request request, Descriptor descriptor, int events) {
        switch (request.kind) {
            case RECV -> {
                return descriptor.readable && receives.proceed(request, descriptor);
            }
            case ACCEPT -> {
                return descriptor.readable && accepts.proceed(request, descriptor);
            }
            case SEND, SENDMSG -> {
                return descriptor.writable && sends.proceed(request, descriptor);
            }
            case CONNECT -> {
                if (descriptor.writable) {
                    connects.proceed(request, descriptor);
                }
            }
            case POLL -> polls.proceed(request, events);
        }
        return false;
    }

    /** A request that waits no longer: its copy of a message is free. */
    void release(Request request) {
        sends.release(request);
        requests.free(request);
    }

    private void shutdown(Sqe sqe) {
        boolean stray = sqe.off() != 0 || sqe.address() != 0 || sqe.opFlags() != 0 || sqe.group() != 0;
        ring.complete(
                sqe, stray || sqe.optlen() != 0 ? -Errno.EINVAL : Syscalls.shutdown(sqe.fd(), sqe.length()));
    }

    private void close(Sqe sqe) {
        boolean stray = sqe.off() != 0 || sqe.address() != 0 || sqe.length() != 0 || sqe.opFlags() != 0;
        boolean direct = sqe.group() != 0 || sqe.optlen() != 0;
        ring.complete(sqe, stray || direct ? -Errno.EINVAL : ring.descriptors().close(sqe.fd()));
    }

    private void removePoll(Sqe sqe) {
        boolean stray = sqe.off() != 0 || sqe.length() != 0 || sqe.opFlags() != 0 || sqe.group() != 0;
        if (stray || sqe.optlen() != 0) {
            ring.complete(sqe, -Errno.EINVAL);
            return;
        }
        Request target = requests.find(sqe.address(), Kind.POLL);
        if (target != null) {
            ring.cancel(target);
        }
        ring.complete(sqe, target == null ? -Errno.ENOENT : 0);
    }

    /** The target gets its own completion, after this one. */
    private void cancel(Sqe sqe) {
        boolean stray = sqe.off() != 0 || sqe.optlen() != 0 || (sqe.opFlags() & ~CANCEL_FLAGS) != 0;
        ring.complete(sqe, stray ? -Errno.EINVAL : cancelled(sqe));
    }

    private int cancelled(Sqe sqe) {
        boolean all = (sqe.opFlags() & Abi.IORING_ASYNC_CANCEL_ALL) != 0;
        boolean any = (sqe.opFlags() & Abi.IORING_ASYNC_CANCEL_ANY) != 0;
        int count = 0;
        Request target = any ? requests.first() : requests.find(sqe.address(), null);
        while (target != null) {
            ring.cancel(target);
            count++;
            if (!all) {
                return 0;
            }
            target = any ? requests.first() : requests.find(sqe.address(), null);
        }
        return all ? count : -Errno.ENOENT;
    }
}
