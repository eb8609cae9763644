package io.hotpath.ring;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.kernel.Sockets;
import io.hotpath.ring.ProbeReport.Feature;
import io.hotpath.ring.ProbeReport.Status;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tries each feature on one ring, over a connection to itself, and leaves nothing behind. The thread that makes it is the
 * ring's.
 */
final class Prober {
    private static final int SQ_ENTRIES = 16;
    private static final int CQ_ENTRIES = 64;
    private static final int BUFFERS = 16;
    private static final int BUFFER_BYTES = 256;
    private static final int GROUP = 0;
    private static final long WAIT_NANOS = 1_000_000;
    private static final long PATIENCE_NANOS = 2_000_000_000L;

    private record Cqe(long userData, int result, int flags) {
        boolean has(int flag) {
            return (flags & flag) != 0;
        }
    }

    private final Kernel kernel;
    private final Sockets sockets;
    private final Ring ring;
    private final Map<Check, Feature> features = new EnumMap<>(Check.class);
    private final Map<Check, Integer> errnos = new EnumMap<>(Check.class);
    private final List<Cqe> completions = new ArrayList<>();
    private final List<Integer> fds = new ArrayList<>();
    private @Nullable BufferPool pool;
    private @Nullable BufferRing buffers;
    private int buffersTaken;
    private long lastUserData;

    /**
     * Opens the ring.
     *
     * @throws EngineException if that is refused
     */
    Prober(Kernel kernel) {
        this.kernel = kernel;
        sockets = kernel.sockets();
        ring = Ring.open(kernel, new RingSetup(SQ_ENTRIES, CQ_ENTRIES, true));
    }

    /** Tries everything and closes the ring. */
    Map<Check, Feature> run() {
        try (Arena arena = Arena.ofConfined()) {
            try {
                tryRing();
                tryConnection(arena);
            } finally {
                close();
            }
        }
        return features;
    }

    /** The errno that a feature failed with, 0 if it did not or there was none. */
    int errno(Check check) {
        return errnos.getOrDefault(check, 0);
    }

    private void tryRing() {
        features.put(Check.SETUP, Check.SETUP.ok("a ring was opened"));
        setupFlag(Check.SINGLE_ISSUER, Abi.IORING_SETUP_SINGLE_ISSUER);
        setupFlag(Check.DEFER_TASKRUN, Abi.IORING_SETUP_DEFER_TASKRUN);
        setupFlag(Check.SUBMIT_ALL, Abi.IORING_SETUP_SUBMIT_ALL);
        setupFlag(Check.NO_SQARRAY, Abi.IORING_SETUP_NO_SQARRAY);
        setupFlag(Check.R_DISABLED, Abi.IORING_SETUP_R_DISABLED);
        RingFeatures ringFeatures = ring.features();
        put(Check.REGISTERED_FD, ringFeatures.registeredFd(), "enter goes by a registered index");
        put(Check.NO_IOWAIT, ringFeatures.noIowait(), "waiting does not count as I/O wait");
        attempt(Check.ENTER, this::nop);
        attempt(Check.RESTRICTIONS, this::restrictions);
        attempt(Check.EXT_ARG, this::timedWait);
        attempt(Check.WAKE, this::wake);
        attempt(Check.BUFFER_RING, this::bufferRing);
        attempt(Check.REGISTER, this::register);
    }

    private void tryConnection(Arena arena) {
        attempt(Check.ACCEPT, () -> accept(arena));
        if (fds.size() < 3 || buffers == null) {
            return;
        }
        MemorySegment bytes = arena.allocate(1);
        int client = fds.get(1);
        int server = fds.get(2);
        long recv = userData();
        long send = userData();
        ring.prepRecvMultishot(server, GROUP, 0, recv);
        ring.prepSend(client, bytes.address(), 1, send);
        attempt(Check.SEND, () -> counted(Check.SEND, send, 1, "1 byte"));
        attempt(Check.RECV, () -> received(recv));
        attempt(Check.SEND_GATHERED, () -> gatheredSend(client, bytes));
        attempt(Check.CANCEL, () -> cancel(recv));
        attempt(Check.RECV_CAP, () -> cappedRecv(client, server, bytes));
        attempt(Check.BUFFER_STATUS, this::bufferStatus);
    }

    // ---- one feature each ---------------------------------------------------------------------------------------

    private void setupFlag(Check check, int flag) {
        put(check, (ring.features().setupFlags() & flag) != 0, "the ring was opened with it");
    }

    private void put(Check check, boolean has, String detail) {
        features.put(check, has ? check.ok(detail) : failed(check, Errno.EINVAL));
    }

    private Feature nop() {
        long nop = userData();
        ring.prepNop(nop);
        return counted(Check.ENTER, nop, 0, "a NOP was submitted and completed");
    }

    /** Any register call that was answered shows that the system call is permitted. */
    private Feature register() {
        boolean answered = buffers != null
                || ring.features().registeredFd()
                || (ring.features().setupFlags() & Abi.IORING_SETUP_R_DISABLED) != 0;
        return answered ? Check.REGISTER.ok("a registration was accepted")
                : Check.REGISTER.refused("no registration was accepted");
    }

    private Feature restrictions() {
        if (!ring.features().restricted()) {
            return Check.RESTRICTIONS.absent("the kernel took no list of permitted operations");
        }
        long open = userData();
        ring.prepRaw(Abi.IORING_OP_OPENAT, -1, 0, 0, 0, 0, open);
        int result = await(open).result();
        return result == -Errno.EACCES
                ? Check.RESTRICTIONS.ok("OPENAT was refused with EACCES, as it should")
                : Check.RESTRICTIONS.refused("OPENAT is not on the list and ended with " + result);
    }

    private Feature timedWait() {
        int result;
        long deadline = kernel.nanoTime() + PATIENCE_NANOS;
        do {
            result = ring.kernelRing().enter(0, 1, true, WAIT_NANOS);
        } while (result == -Errno.EINTR && kernel.nanoTime() - deadline < 0);
        return result == -Errno.ETIME
                ? Check.EXT_ARG.ok("a wait of 1 ms ended by itself")
                : Check.EXT_ARG.refused("a wait of 1 ms ended with " + result);
    }

    private Feature wake() {
        long poll = userData();
        ring.prepPoll(ring.kernelRing().wakeFd(), Abi.POLLIN | Abi.EPOLLET, true, poll);
        ring.submitAndWait(0, 0);
        ring.wake();
        Cqe woken = await(poll);
        if (woken.result() < 0) {
            return failed(Check.WAKE, -woken.result());
        }
        return woken.has(Abi.IORING_CQE_F_MORE)
                ? Check.WAKE.ok("an eventfd ended a wait, the poll goes on")
                : Check.WAKE.absent("the poll is not multishot");
    }

    private Feature bufferRing() {
        pool = BufferPool.map(kernel, BUFFERS, BUFFER_BYTES);
        buffers = BufferRing.register(ring, BUFFERS, GROUP);
        for (int id = 0; id < BUFFERS; id++) {
            buffers.add(pool.address(id), BUFFER_BYTES, id);
        }
        buffers.publish();
        return Check.BUFFER_RING.ok(BUFFERS + " buffers were registered");
    }

    /** A listener, a client, and the connection that it accepted: in this order in {@link #fds}. */
    private Feature accept(Arena arena) {
        int listener = socket();
        checked(sockets.bind(listener, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
        checked(sockets.listen(listener, 1));
        int client = socket();
        MemorySegment address = arena.allocate(SocketAddresses.SOCKADDR_BYTES, Long.BYTES);
        int addressBytes = SocketAddresses.write(localAddress(listener), Abi.AF_INET, address);
        long accept = userData();
        long connect = userData();
        ring.prepAcceptMultishot(listener, false, accept);
        ring.prepConnect(client, address.address(), addressBytes, connect);
        Cqe accepted = await(accept);
        if (accepted.result() < 0) {
            return failed(Check.ACCEPT, -accepted.result());
        }
        fds.add(accepted.result());
        checked(await(connect).result());
        return accepted.has(Abi.IORING_CQE_F_MORE)
                ? Check.ACCEPT.ok("a loopback connection was accepted, the accept goes on")
                : Check.ACCEPT.absent("the accept is not multishot");
    }

    private Feature received(long recv) {
        Cqe received = await(recv);
        if (received.result() < 0) {
            return failed(Check.RECV, -received.result());
        }
        return received.has(Abi.IORING_CQE_F_MORE) && received.has(Abi.IORING_CQE_F_BUFFER)
                ? Check.RECV.ok("1 byte came in a buffer of the ring, the receive goes on")
                : Check.RECV.absent("the receive is not multishot");
    }

    private Feature gatheredSend(int client, MemorySegment bytes) {
        long send = userData();
        ring.gather().begin();
        ring.gather().add(bytes.address(), 1);
        ring.gather().add(bytes.address(), 1);
        ring.prepSendGathered(client, send);
        return counted(Check.SEND_GATHERED, send, 2, "2 pieces in one SENDMSG");
    }

    private Feature cancel(long recv) {
        long cancel = userData();
        ring.prepCancel(recv, cancel);
        Cqe last;
        do {
            last = await(recv);
        } while (last.result() >= 0 && last.has(Abi.IORING_CQE_F_MORE));
        int result = await(cancel).result();
        return result == 0 && last.result() == -Errno.ECANCELED
                ? Check.CANCEL.ok("the receive ended with ECANCELED")
                : Check.CANCEL.refused("the receive ended with " + last.result() + ", the cancel with " + result);
    }

    private Feature cappedRecv(int client, int server, MemorySegment bytes) {
        long recv = userData();
        ring.prepRecvMultishot(server, GROUP, 1, recv);
        ring.prepSend(client, bytes.address(), 1, userData());
        Cqe received = await(recv);
        if (received.result() < 0) {
            return failed(Check.RECV_CAP, -received.result());
        }
        return received.has(Abi.IORING_CQE_F_MORE)
                ? Check.RECV_CAP.absent("this kernel ignores the cap")
                : Check.RECV_CAP.ok("the receive ended at its cap");
    }

    private Feature bufferStatus() {
        int head = ring.kernelRing().bufferRingHead(GROUP);
        if (head < 0) {
            return failed(Check.BUFFER_STATUS, -head);
        }
        return head == buffersTaken
                ? Check.BUFFER_STATUS.ok("the kernel's head agrees with the completions")
                : Check.BUFFER_STATUS.refused("the kernel's head is " + head + ", completions took " + buffersTaken);
    }

    // ---- how ------------------------------------------------------------------------------------------------------

    private void attempt(Check check, Supplier<Feature> feature) {
        try {
            features.put(check, feature.get());
        } catch (EngineException refused) {
            Feature failed = failed(check, refused.errno());
            String message = String.valueOf(refused.getMessage());
            features.put(check, failed.status() == Status.ABSENT ? failed : check.refused(message));
        }
    }

    private Feature failed(Check check, int errno) {
        errnos.put(check, errno);
        return check.failed(errno);
    }

    private Feature counted(Check check, long userData, int expected, String detail) {
        int result = await(userData).result();
        if (result == expected) {
            return check.ok(detail);
        }
        return result < 0 ? failed(check, -result) : check.refused("ended with " + result + " instead of " + expected);
    }

    /** The next completion that carries {@code userData}; one with {@code -ETIME} if there is none in time. */
    private Cqe await(long userData) {
        long deadline = kernel.nanoTime() + PATIENCE_NANOS;
        long remaining = PATIENCE_NANOS;
        while (remaining > 0) {
            for (Cqe completion : completions) {
                if (completion.userData() == userData) {
                    completions.remove(completion);
                    return completion;
                }
            }
            turn(remaining);
            if (ring.brokenErrno() != 0) {
                return new Cqe(userData, -ring.brokenErrno(), 0);
            }
            remaining = deadline - kernel.nanoTime();
        }
        return new Cqe(userData, -Errno.ETIME, 0);
    }

    private int turn(long timeoutNanos) {
        int result = ring.submitAndWait(1, timeoutNanos);
        ring.drain(this::completed, CQ_ENTRIES);
        return result;
    }

    private void completed(long userData, int result, int flags) {
        if ((flags & Abi.IORING_CQE_F_BUFFER) != 0) {
            buffersTaken++;
        }
        completions.add(new Cqe(userData, result, flags));
    }

    private long userData() {
        return ++lastUserData;
    }

    private int socket() {
        int fd = checked(sockets.socket(Abi.AF_INET));
        fds.add(fd);
        return fd;
    }

    private InetSocketAddress localAddress(int fd) {
        try {
            return (InetSocketAddress) sockets.localAddress(fd);
        } catch (IOException failed) {
            throw new EngineException("getsockname", 0, String.valueOf(failed.getMessage()));
        }
    }

    private static int checked(int result) {
        if (result < 0) {
            throw new EngineException("a loopback connection", -result, "a firewall or a sandbox may forbid it");
        }
        return result;
    }

    /** Cancels and takes in everything, gives everything back. What the kernel may still write to is never freed. */
    private void close() {
        long deadline = kernel.nanoTime() + PATIENCE_NANOS;
        long remaining = PATIENCE_NANOS;
        ring.prepCancelAll(userData());
        while (ring.inFlight() > 0 && remaining > 0 && turn(remaining) == 0) {
            remaining = deadline - kernel.nanoTime();
        }
        if (ring.inFlight() == 0) {
            if (buffers != null) {
                buffers.unregister();
            }
            if (pool != null) {
                pool.unmap();
            }
        }
        fds.forEach(sockets::close);
        ring.close();
    }
}
