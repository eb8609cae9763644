package io.hotpath.kernel.sim;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.SocketAddresses;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Starts what an SQE asks for. Refuses what Linux refuses: fields of an operation that must be zero and are not. */
final class Issuer {
    private static final int KNOWN_FLAGS = Abi.IOSQE_BUFFER_SELECT | Abi.IOSQE_CQE_SKIP_SUCCESS;

    private final SimRing ring;
    private final SimKernel kernel;
    private final boolean restricted;
    private final Canceller canceller;

    Issuer(SimRing ring, boolean restricted) {
        this.ring = ring;
        this.kernel = ring.kernel();
        this.restricted = restricted;
        this.canceller = new Canceller(ring);
    }

    void issue(Submission sqe) {
        if ((sqe.flags() & ~KNOWN_FLAGS) != 0) {
            complete(sqe, unknown());
        } else if (sqe.selectsBuffer() && sqe.opcode() != Abi.IORING_OP_RECV) {
            complete(sqe, -Errno.EOPNOTSUPP);
        } else {
            dispatch(sqe);
        }
    }

    private void dispatch(Submission sqe) {
        switch (sqe.opcode()) {
            case Abi.IORING_OP_NOP -> complete(sqe, 0);
            case Abi.IORING_OP_ACCEPT -> accept(sqe);
            case Abi.IORING_OP_RECV -> recv(sqe);
            case Abi.IORING_OP_SEND -> send(sqe);
            case Abi.IORING_OP_SENDMSG -> sendmsg(sqe);
            case Abi.IORING_OP_CONNECT -> connect(sqe);
            case Abi.IORING_OP_SHUTDOWN -> shutdown(sqe);
            case Abi.IORING_OP_CLOSE -> close(sqe);
            case Abi.IORING_OP_ASYNC_CANCEL -> cancel(sqe);
            case Abi.IORING_OP_POLL_ADD -> poll(sqe);
            case Abi.IORING_OP_POLL_REMOVE -> pollRemove(sqe);
            default -> complete(sqe, unknown());
        }
    }

    private void accept(Submission sqe) {
        if (sqe.len() != 0 || sqe.bufGroup() != 0 || sqe.optlen() != 0) {
            complete(sqe, -Errno.EINVAL);
        } else if (kernel.descriptors.file(sqe.fd()) instanceof SimSocket socket) {
            new AcceptRequest(ring, sqe, socket).start(sqe.asks(Abi.IORING_ACCEPT_POLL_FIRST));
        } else {
            complete(sqe, missing(sqe));
        }
    }

    private void recv(Submission sqe) {
        int error = RecvRequest.check(sqe);
        if (error != 0) {
            complete(sqe, error);
        } else if (kernel.descriptors.file(sqe.fd()) instanceof SimSocket socket) {
            new RecvRequest(ring, sqe, socket).start(sqe.asks(Abi.IORING_RECVSEND_POLL_FIRST));
        } else {
            complete(sqe, missing(sqe));
        }
    }

    private void send(Submission sqe) {
        if (sqe.off() != 0 || sqe.optlen() != 0) {
            complete(sqe, -Errno.EINVAL);
        } else if (sqe.addr() == 0 && sqe.len() != 0) {
            complete(sqe, -Errno.EFAULT);
        } else {
            start(sqe, List.of(Native.at(sqe.addr(), Integer.toUnsignedLong(sqe.len()))));
        }
    }

    private void sendmsg(Submission sqe) {
        if (sqe.off() != 0 || sqe.optlen() != 0) {
            complete(sqe, -Errno.EINVAL);
            return;
        }
        if (sqe.addr() == 0) {
            complete(sqe, -Errno.EFAULT);
            return;
        }
        MemorySegment message = Native.at(sqe.addr(), Abi.MSGHDR.byteSize());
        long count = message.get(Abi.U64, Abi.MSG_IOVLEN);
        if (count < 0 || count > Abi.IOV_MAX) {
            complete(sqe, -Errno.EMSGSIZE);
            return;
        }
        start(sqe, parts(Native.at(message.get(Abi.U64, Abi.MSG_IOV), count * Abi.IOVEC.byteSize())));
    }

    /** The parts of an iovec array, which may be overwritten as soon as enter has returned. */
    private static List<MemorySegment> parts(MemorySegment iovecs) {
        List<MemorySegment> parts = new ArrayList<>();
        for (long at = 0; at < iovecs.byteSize(); at += Abi.IOVEC.byteSize()) {
            long bytes = iovecs.get(Abi.U64, at + Abi.IOV_LEN);
            if (bytes > 0) {
                parts.add(Native.at(iovecs.get(Abi.U64, at + Abi.IOV_BASE), bytes));
            }
        }
        return parts;
    }

    private void start(Submission sqe, List<MemorySegment> parts) {
        if (kernel.descriptors.file(sqe.fd()) instanceof SimSocket socket) {
            new SendRequest(ring, sqe, socket, parts).start(sqe.asks(Abi.IORING_RECVSEND_POLL_FIRST));
        } else {
            complete(sqe, missing(sqe));
        }
    }

    private void connect(Submission sqe) {
        int length = (int) sqe.off();
        if (sqe.len() != 0 || sqe.opFlags() != 0 || sqe.bufGroup() != 0 || sqe.optlen() != 0 || length < 2) {
            complete(sqe, -Errno.EINVAL);
        } else if (kernel.descriptors.file(sqe.fd()) instanceof SimSocket socket) {
            SocketAddress address = address(sqe.addr(), length);
            if (address == null) {
                complete(sqe, -Errno.EAFNOSUPPORT);
            } else {
                new ConnectRequest(ring, sqe, socket, address).start(false);
            }
        } else {
            complete(sqe, missing(sqe));
        }
    }

    /** The address at {@code addr}, null if its family is unknown. */
    private static @Nullable SocketAddress address(long addr, int length) {
        try {
            return SocketAddresses.read(Native.at(addr, length), length);
        } catch (IOException unknownFamily) {
            return null;
        }
    }

    private void shutdown(Submission sqe) {
        if (sqe.off() != 0 || sqe.addr() != 0 || sqe.opFlags() != 0 || sqe.bufGroup() != 0 || sqe.optlen() != 0) {
            complete(sqe, -Errno.EINVAL);
        } else {
            ring.later(sqe, this::shutdownNow); // on a worker, which looks the descriptor up later: seen on 6.18
        }
    }

    private void shutdownNow(Submission sqe) {
        if (kernel.descriptors.file(sqe.fd()) instanceof SimSocket socket) {
            complete(sqe, socket, SimSockets.shutdown(socket, sqe.len()));
        } else {
            complete(sqe, missing(sqe));
        }
    }

    private void close(Submission sqe) {
        SimFile file = kernel.descriptors.file(sqe.fd());
        boolean stray = sqe.off() != 0 || sqe.addr() != 0 || sqe.len() != 0 || sqe.opFlags() != 0;
        if (stray || sqe.bufGroup() != 0 || sqe.optlen() != 0) {
            complete(sqe, -Errno.EINVAL);
        } else if (file == null) {
            complete(sqe, -Errno.EBADF);
        } else {
            kernel.descriptors.close(sqe.fd());
            complete(sqe, file, 0);
        }
    }

    private void cancel(Submission sqe) {
        boolean stray = sqe.off() != 0 || sqe.optlen() != 0;
        complete(sqe, stray ? -Errno.EINVAL : canceller.cancel(sqe));
    }

    private void poll(Submission sqe) {
        SimFile file = kernel.descriptors.file(sqe.fd());
        boolean stray = sqe.off() != 0 || sqe.addr() != 0 || sqe.bufGroup() != 0 || sqe.ioprio() != 0;
        if (stray || (sqe.len() & ~Abi.IORING_POLL_ADD_MULTI) != 0) {
            complete(sqe, -Errno.EINVAL);
        } else if (file == null) {
            complete(sqe, -Errno.EBADF);
        } else {
            new PollRequest(ring, sqe, file).start(false);
        }
    }

    private void pollRemove(Submission sqe) {
        boolean stray = sqe.off() != 0 || sqe.len() != 0 || sqe.opFlags() != 0 || sqe.bufGroup() != 0;
        complete(sqe, stray || sqe.optlen() != 0 ? -Errno.EINVAL : canceller.removePoll(sqe.addr()));
    }

    private int unknown() {
        return restricted ? -Errno.EACCES : -Errno.EINVAL;
    }

    private int missing(Submission sqe) {
        return kernel.descriptors.file(sqe.fd()) == null ? -Errno.EBADF : -Errno.ENOTSOCK;
    }

    private void complete(Submission sqe, int res) {
        complete(sqe, new Object(), res);
    }

    private void complete(Submission sqe, Object lane, int res) {
        if (res < 0 || !sqe.skipsSuccess()) {
            ring.completions().stage(lane, sqe.opcode(), sqe.userData(), res, 0);
        }
    }
}
