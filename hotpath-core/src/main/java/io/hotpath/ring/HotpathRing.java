package io.hotpath.ring;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A ring driven by hand: multishot accept, multishot receive into a buffer ring, sends and closes on one queue, and one
 * queue of completions. One thread opens, uses and closes it; it needs no other part of Hotpath.
 *
 * <pre>{@code
 * try (HotpathRing ring = HotpathRing.open(RingConfig.DEFAULT)) {
 *     ring.submitAcceptMultishot(listenerFd);
 *     while (ring.healthy()) {
 *         ring.eachCompletion(1, 100_000_000, (op, fd, result, bufferId, more) -> {
 *             switch (op) {
 *                 case ACCEPT -> ring.submitRecvMultishot(result);
 *                 case RECV -> ring.submitSend(fd, ring.buffers().slice(bufferId)); // release it when SEND completes
 *                 case SEND, CLOSE -> {}
 *             }
 *         });
 *     }
 * }
 * }</pre>
 *
 * <p>Submitting never makes a syscall while the queue has room; {@link #eachCompletion} submits everything and waits with
 * one. After {@link #submitClose} a descriptor's number may be reused at once: late completions of its former life are
 * recognised by their generation, their buffers go back and they are not handed over.
 *
 * <p>Every method is the owner's thread's only, except {@link #forceUnhealthy()}, {@link #healthy()}, {@link #closed()} and
 * {@link #wakeup()}; another thread gets a {@link WrongThreadException}. Native resources are refused or fail as {@link
 * io.hotpath.EngineException}; operations fail as negative results.
 */
public final class HotpathRing implements AutoCloseable {
    /** Completions handed over by one call of {@link #eachCompletion}; the next call brings the rest. */
    public static final int MAX_BATCH = 64;

    /** The kernel sends no more than this in one call. */
    private static final long SEND_BYTES_MAX = 0x7fff_f000L;

    private static final System.Logger LOG = System.getLogger(HotpathRing.class.getName());
    private static final CompletionHandler NONE = (_, _, _, _, _) -> {};
    private static final int GROUP = 0;
    private static final int OP_CANCEL = 5;
    private static final int OP_WAKE = 6;
    private static final int SUBMITS_MAX = 1000;
    private static final long RETIRE_TIMEOUT_NANOS = 2_000_000_000L;

    private final Owner owner = new Owner();
    private final Ring ring;
    private final Buffers buffers;
    private final CqeHandler dispatch = this::dispatch;
    private int[] generations = new int[1024];
    private long stale;

    /** Who takes the completions of the batch that is being handed over; {@link #NONE} between batches. */
    private CompletionHandler handler = NONE;

    private int handedOver;

    /** Written by any thread, read by the owner in each call; once true it stays. */
    private volatile boolean forcedUnhealthy;

    private HotpathRing(Ring ring, RingConfig config) {
        this.ring = ring;
        Kernel kernel = ring.kernelRing().kernel();
        BufferPool pool = BufferPool.map(kernel, config.buffers(), config.bufferBytes());
        try {
            buffers = new Buffers(owner, pool, BufferRing.register(ring, config.buffers(), GROUP));
        } catch (RuntimeException | Error failed) {
            pool.unmap();
            throw failed;
        }
        armWake();
    }

    /**
     * Opens a ring that the calling thread owns.
     *
     * @throws io.hotpath.EngineException if the kernel refuses, with cause and remedy
     */
    public static HotpathRing open(RingConfig config) {
        return open(KernelLadder.of(config.policy()), config);
    }

    static HotpathRing open(Kernel kernel, RingConfig config) {
        return open(KernelLadder.of(kernel), config);
    }

    private static HotpathRing open(KernelLadder ladder, RingConfig config) {
        return ladder.open(config.setup(), ring -> new HotpathRing(ring, config));
    }

    /** Tries every feature on this host, on a thread of its own, and says who refused what. Any thread. */
    public static ProbeReport probe() {
        return Probe.run();
    }

    /** Whether this host gives io_uring all that this ring needs. Probes each time: some milliseconds. Any thread. */
    public static boolean supported() {
        return probe().verdict().ioUring();
    }

    /** Accepts connections of a listening socket until it is cancelled or fails. Returns the token for {@link #cancel}. */
    public long submitAcceptMultishot(int listenerFd) {
        long token = token(OpKind.ACCEPT, listenerFd);
        ring.prepAcceptMultishot(listenerFd, false, token);
        return token;
    }

    /** Receives into this ring's buffers until input ends, buffers run out or it is cancelled. Returns the token. */
    public long submitRecvMultishot(int fd) {
        long token = token(OpKind.RECV, fd);
        ring.prepRecvMultishot(fd, GROUP, 0, token);
        return token;
    }

    /**
     * Sends native memory, all of it unless the connection breaks. The caller leaves the bytes as they are until SEND
     * completes, and has one send per descriptor in flight at a time: the kernel may reorder two.
     */
    public long submitSend(int fd, MemorySegment bytes) {
        long token = token(OpKind.SEND, fd);
        requireSendable(bytes.byteSize(), bytes);
        ring.prepSend(fd, bytes.address(), Math.toIntExact(bytes.byteSize()), token);
        return token;
    }

    /** Sends several pieces of native memory, in order, as one send. At most 1024 pieces. */
    public long submitSend(int fd, MemorySegment... pieces) {
        long token = token(OpKind.SEND, fd);
        if (pieces.length == 0 || pieces.length > Abi.IOV_MAX) {
            throw new IllegalArgumentException(
                    pieces.length + " pieces, must be 1.." + Abi.IOV_MAX + ": the kernel's limit for one sendmsg");
        }
        long total = 0;
        for (MemorySegment piece : pieces) {
            total += piece.byteSize();
            requireSendable(total, piece);
        }
        Gather gather = ring.gather();
        requireRoom(gather, pieces.length);
        gather.begin();
        for (MemorySegment piece : pieces) {
            gather.add(piece.address(), piece.byteSize());
        }
        ring.prepSendGathered(fd, token);
        return token;
    }

    /** The lists of gathered sends are free again once the kernel has taken them. */
    private void requireRoom(Gather gather, int pieces) {
        for (int i = 0; gather.room() < pieces; i++) {
            if (ring.submit() < 0) {
                throw new IllegalStateException(unhealthyMessage());
            }
            if (i == SUBMITS_MAX) {
                throw new IllegalStateException(
                        "the kernel has taken no submissions " + SUBMITS_MAX + " times: it is out of memory");
            }
        }
    }

    /** Closes a descriptor. Cancel what is armed on it first, or its peer sees no end. Only CLOSE still completes for it. */
    public long submitClose(int fd) {
        requireHealthy();
        generations(fd)[fd]++;
        long token = token(OpKind.CLOSE, fd);
        ring.prepClose(fd, token);
        return token;
    }

    /** Cancels an operation by its token. The operation completes by itself: cancelled, or just done. */
    public void cancel(long token) {
        requireHealthy();
        ring.prepCancel(token, UserData.of(OP_CANCEL, 0, 0));
    }

    /**
     * Submits what was prepared, waits for {@code minComplete} completions, at most {@code timeoutNanos} (negative: no
     * limit), and hands over at most {@link #MAX_BATCH}.
     *
     * @return how many were handed over, 0 also when the time is over or the ring became unhealthy
     */
    public int eachCompletion(int minComplete, long timeoutNanos, CompletionHandler handler) {
        owner.requireOpen();
        requireNoHandler();
        if (minComplete < 0) {
            throw new IllegalArgumentException("minComplete is " + minComplete + ", must be 0 or more: it is a count");
        }
        if (!healthy()) {
            return 0;
        }
        buffers.publish();
        if (ring.submitAndWait(minComplete, timeoutNanos) < 0) {
            return 0;
        }
        this.handler = handler;
        handedOver = 0;
        try {
            ring.drain(dispatch, MAX_BATCH);
        } finally {
            this.handler = NONE;
        }
        return handedOver;
    }

    private void dispatch(long userData, int result, int flags) {
        boolean more = (flags & Abi.IORING_CQE_F_MORE) != 0;
        int op = UserData.op(userData);
        if (op > OpKind.CLOSE.code()) {
            if (op == OP_WAKE && !more) {
                armWake();
            }
            return;
        }
        int bufferId = (flags & Abi.IORING_CQE_F_BUFFER) == 0 ? -1 : flags >>> Abi.IORING_CQE_BUFFER_SHIFT;
        if (bufferId >= 0) {
            buffers.received(bufferId, Math.max(result, 0));
        }
        int fd = UserData.slot(userData);
        if (UserData.generation(userData) != (generations(fd)[fd] & UserData.GENERATION_MASK)) {
            dropStale(OpKind.of(op), result, bufferId);
            return;
        }
        handedOver++;
        handler.completed(OpKind.of(op), fd, result, bufferId, more);
    }

    /** A completion of a descriptor that was closed since: what it carries must not leak. */
    private void dropStale(OpKind op, int result, int bufferId) {
        stale++;
        if (bufferId >= 0) {
            buffers.release(bufferId);
        }
        if (op == OpKind.ACCEPT && result >= 0) {
            ring.kernelRing().kernel().sockets().close(result);
        }
    }

    /** The receive buffers. */
    public Buffers buffers() {
        owner.requireThread();
        return buffers;
    }

    /** Late completions of closed descriptors that were dropped so far. */
    public long staleCompletions() {
        owner.requireThread();
        return stale;
    }

    /** The queues below, for their counters. */
    public Ring ring() {
        owner.requireThread();
        return ring;
    }

    /** Whether the ring works: nothing but a fatal errno or {@link #forceUnhealthy()} changes that. Any thread. */
    public boolean healthy() {
        return !forcedUnhealthy && ring.brokenErrno() == 0;
    }

    /** Treats the ring as broken from now on, so that a fallback can be tried. Any thread. */
    public void forceUnhealthy() {
        forcedUnhealthy = true;
        wakeup();
    }

    /** Makes a present or the next wait return. Any thread. */
    public void wakeup() {
        ring.wake();
    }

    /** Whether {@link #close()} was called. Any thread. */
    public boolean closed() {
        return owner.closed();
    }

    /**
     * Cancels everything, takes in each last completion, unregisters, unmaps and closes, within two seconds. What was
     * accepted and not handed over is closed. Idempotent.
     */
    @Override
    public void close() {
        owner.requireThread();
        if (owner.closed()) {
            return;
        }
        requireNoHandler();
        owner.close();
        if (retire()) {
            buffers.unregister();
        } else {
            long leaked = buffers.leak();
            LOG.log(Level.WARNING, () -> "ring closed with operations in flight: inFlight=" + ring.inFlight()
                    + " errno=" + (ring.brokenErrno() == 0 ? "none" : Errno.name(ring.brokenErrno())) + " leakedBytes="
                    + leaked);
        }
        ring.close();
    }

    /** Whether nothing is in flight any more; if not, the kernel may still write and the buffers stay mapped for good. */
    private boolean retire() {
        Kernel kernel = ring.kernelRing().kernel();
        long deadline = kernel.nanoTime() + RETIRE_TIMEOUT_NANOS;
        long remaining = RETIRE_TIMEOUT_NANOS;
        ring.prepCancelAll(UserData.of(OP_CANCEL, 0, 0));
        while (ring.inFlight() > 0 && remaining > 0) {
            int result = ring.submitAndWait(1, remaining);
            ring.drain(this::discard, Integer.MAX_VALUE);
            if (result < 0) {
                return false;
            }
            remaining = deadline - kernel.nanoTime();
        }
        return ring.inFlight() == 0;
    }

    private void discard(long userData, int result, int flags) {
        if (UserData.op(userData) == OpKind.ACCEPT.code() && result >= 0) {
            ring.kernelRing().kernel().sockets().close(result);
        }
    }

    private void armWake() {
        ring.prepPoll(ring.kernelRing().wakeFd(), Abi.POLLIN | Abi.EPOLLET, true, UserData.of(OP_WAKE, 0, 0));
    }

    private long token(OpKind op, int fd) {
        requireHealthy();
        return UserData.of(op.code(), generations(fd)[fd], fd);
    }

    private int[] generations(int fd) {
        if (fd < 0) {
            throw new IllegalArgumentException("descriptor " + fd + " is negative: it is an error, not a descriptor");
        }
        if (fd >= generations.length) {
            generations = Arrays.copyOf(generations, Math.max(fd + 1, generations.length * 2));
        }
        return generations;
    }

    private void requireHealthy() {
        owner.requireOpen();
        if (!healthy()) {
            throw new IllegalStateException(unhealthyMessage());
        }
    }

    private void requireNoHandler() {
        if (handler != NONE) {
            throw new IllegalStateException("eachCompletion and close cannot be called from its own handler: the batch"
                    + " is still being read; return first");
        }
    }

    private String unhealthyMessage() {
        String cause = forcedUnhealthy ? "forced" : Errno.name(ring.brokenErrno());
        return "the ring is unhealthy (" + cause + "): close it and go on with another one or without";
    }

    private static void requireSendable(long total, MemorySegment bytes) {
        if (!bytes.isNative()) {
            throw new IllegalArgumentException("the segment is on the heap, where the kernel cannot read it while the"
                    + " collector moves it: copy it to native memory");
        }
        if (!bytes.scope().isAlive()) {
            throw new IllegalStateException("the segment was released or its arena is closed: its memory may hold other"
                    + " bytes by now");
        }
        if (total > SEND_BYTES_MAX) {
            throw new IllegalArgumentException("one send of " + total + " bytes, at most " + SEND_BYTES_MAX
                    + " go: the kernel's limit for one call");
        }
    }
}
