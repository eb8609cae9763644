package io.hotpath.ring;

import static io.hotpath.kernel.Abi.COUNTER;
import static io.hotpath.kernel.Abi.U32;
import static io.hotpath.kernel.Abi.U64;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingFeatures;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.MemorySegment;

/**
 * The submission and the completion queue of one ring: prepare, submit and wait, drain.
 *
 * <p>Preparing never makes a syscall as long as the queue has room; a full queue is submitted on the spot, and what the
 * kernel does not take then waits in order in a {@link SqeSpill}. Each queue's counter is published once per batch.
 *
 * <p>Ring thread, except {@link #wake()} and {@link #brokenErrno()}. The memory is confined to that thread, so that a
 * stray one gets a {@link WrongThreadException}.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/io_uring.7.html">io_uring(7)</a>
 */
public final class Ring {
    /** The kernel goes on after a partial send by itself, and a peer that left is an errno, not a signal. */
    private static final int SEND_FLAGS = Abi.MSG_WAITALL | Abi.MSG_NOSIGNAL;

    private final KernelRing kernelRing;
    private final MemorySegment sqHead;
    private final MemorySegment sqTailShared;
    private final MemorySegment sqFlags;
    private final MemorySegment sqes;
    private final MemorySegment cqHeadShared;
    private final MemorySegment cqTail;
    private final MemorySegment cqOverflow;
    private final MemorySegment cqes;
    private final int sqEntries;
    private final int sqMask;
    private final int cqMask;
    private final SqeSpill spill = new SqeSpill();
    private final Gather gather;

    /** The ring thread writes, any thread may ask {@link #brokenErrno()}; nothing is published with it. */
    private volatile int brokenErrno;

    private int sqTail;
    private int cqHead;
    private boolean completionsLost;
    private boolean closed;
    private int inFlight;
    private long prepared;
    private long enters;
    private long submitted;
    private long completions;
    private long overflows;
    private long dropped;

    private Ring(KernelRing kernelRing) {
        this.kernelRing = kernelRing;
        RingMemory memory = kernelRing.memory();
        sqHead = memory.sqHead();
        sqTailShared = memory.sqTail();
        sqFlags = memory.sqFlags();
        sqes = memory.sqes();
        cqHeadShared = memory.cqHead();
        cqTail = memory.cqTail();
        cqOverflow = memory.cqOverflow();
        cqes = memory.cqes();
        sqEntries = memory.sqEntries();
        sqMask = sqEntries - 1;
        cqMask = memory.cqEntries() - 1;
        sqTail = sqTailShared.get(U32, 0);
        cqHead = cqHeadShared.get(U32, 0);
        gather = new Gather(sqEntries);
    }

    /**
     * Opens a ring that the calling thread owns.
     *
     * @throws io.hotpath.EngineException if the kernel refuses, with cause and remedy
     */
    public static Ring open(Kernel kernel, RingSetup setup) {
        KernelRing kernelRing = kernel.openRing(setup);
        try {
            return new Ring(kernelRing);
        } catch (RuntimeException | Error failed) {
            kernelRing.close();
            throw failed;
        }
    }

    // ---- prepare ------------------------------------------------------------------------------------------------

    public void prepNop(long userData) {
        prep(head(Abi.IORING_OP_NOP, 0, 0, -1), 0, 0, 0, 0, userData, 0);
    }

    /** Accepts until it is cancelled or fails. Accepted descriptors are close-on-exec and non-blocking. */
    public void prepAcceptMultishot(int fd, boolean pollFirst, long userData) {
        int how = Abi.IORING_ACCEPT_MULTISHOT | (pollFirst ? Abi.IORING_ACCEPT_POLL_FIRST : 0);
        int socketFlags = Abi.SOCK_CLOEXEC | Abi.SOCK_NONBLOCK;
        prep(head(Abi.IORING_OP_ACCEPT, 0, how, fd), 0, 0, 0, socketFlags, userData, 0);
    }

    /**
     * Receives into buffers of {@code group} until input ends, the group is empty or {@code capBytes} are reached.
     *
     * @param capBytes 0 for no cap; else the bytes after which the kernel ends it (Linux 6.17), overshot by one receive
     */
    public void prepRecvMultishot(int fd, int group, int capBytes, long userData) {
        long head = head(Abi.IORING_OP_RECV, Abi.IOSQE_BUFFER_SELECT, Abi.IORING_RECV_MULTISHOT, fd);
        prep(head, 0, 0, 0, 0, userData, Integer.toUnsignedLong(group) | (long) capBytes << 32);
    }

    /**
     * The same, but a completion may tell of more bytes than one buffer takes. Then they fill the buffer that it names and those
     * that follow it in the ring ({@link BufferRing#following}), each but the last one whole. Only for kernels that have taken a
     * cap (Linux 6.17): bundles of 6.13 and 6.14 can come out of order.
     *
     * @param capBytes 0 for no cap, and nothing else unless the kernel {@linkplain Kernel#capsBundles caps bundles}; never
     *                 overshot
     */
    public void prepRecvBundles(int fd, int group, int capBytes, long userData) {
        int how = Abi.IORING_RECV_MULTISHOT | Abi.IORING_RECVSEND_BUNDLE;
        long head = head(Abi.IORING_OP_RECV, Abi.IOSQE_BUFFER_SELECT, how, fd);
        prep(head, 0, 0, 0, 0, userData, Integer.toUnsignedLong(group) | (long) capBytes << 32);
    }

    /** Receives once into a buffer of {@code group}. */
    public void prepRecvOnce(int fd, int group, long userData) {
        long head = head(Abi.IORING_OP_RECV, Abi.IOSQE_BUFFER_SELECT, 0, fd);
        prep(head, 0, 0, 0, 0, userData, Integer.toUnsignedLong(group));
    }

    /** Sends {@code [address, address + length)}, which stays as it is until the completion. */
    public void prepSend(int fd, long address, int length, long userData) {
        prep(head(Abi.IORING_OP_SEND, 0, 0, fd), 0, address, length, SEND_FLAGS, userData, 0);
    }

    /** Sends what {@link #gather()} holds since its {@link Gather#begin()}. Only the bytes must stay, not the list. */
    public void prepSendGathered(int fd, long userData) {
        prep(head(Abi.IORING_OP_SENDMSG, 0, 0, fd), 0, gather.end(), 1, SEND_FLAGS, userData, 0);
        gather.done();
    }

    /** Connects to the socket address of {@code length} bytes at {@code address}, read when it is submitted. */
    public void prepConnect(int fd, long address, int length, long userData) {
        prep(head(Abi.IORING_OP_CONNECT, 0, 0, fd), length, address, 0, 0, userData, 0);
    }

    /** Shuts down, {@code how} as in {@code shutdown(2)}. */
    public void prepShutdown(int fd, int how, long userData) {
        prep(head(Abi.IORING_OP_SHUTDOWN, 0, 0, fd), 0, 0, how, 0, userData, 0);
    }

    public void prepClose(int fd, long userData) {
        prep(head(Abi.IORING_OP_CLOSE, 0, 0, fd), 0, 0, 0, 0, userData, 0);
    }

    /** Cancels the submission that carries {@code target}. It completes by itself as well, sooner or later. */
    public void prepCancel(long target, long userData) {
        prep(head(Abi.IORING_OP_ASYNC_CANCEL, 0, 0, -1), 0, target, 0, 0, userData, 0);
    }

    /** Cancels everything that is in flight. */
    public void prepCancelAll(long userData) {
        int what = Abi.IORING_ASYNC_CANCEL_ALL | Abi.IORING_ASYNC_CANCEL_ANY;
        prep(head(Abi.IORING_OP_ASYNC_CANCEL, 0, 0, -1), 0, 0, 0, what, userData, 0);
    }

    /** Waits for {@code events} of {@code poll(2)}, once, or each time anew if {@code multishot}. */
    public void prepPoll(int fd, int events, boolean multishot, long userData) {
        int length = multishot ? Abi.IORING_POLL_ADD_MULTI : 0;
        prep(head(Abi.IORING_OP_POLL_ADD, 0, 0, fd), 0, 0, length, events, userData, 0);
    }

    /** An arbitrary SQE by its words, for probes and tests. */
    void prepRaw(int opcode, int fd, long off, long address, int length, int opFlags, long userData) {
        prep(head(opcode, 0, 0, fd), off, address, length, opFlags, userData, 0);
    }

    /** The scatter/gather lists of the next submission. */
    public Gather gather() {
        return gather;
    }

    private static long head(int opcode, int sqeFlags, int ioprio, int fd) {
        return (opcode & 0xffL) | (sqeFlags & 0xffL) << 8 | (ioprio & 0xffffL) << 16 | (long) fd << 32;
    }

    /** Eight stores make an SQE; the last two words are 0 for every operation here. */
    private void prep(long head, long off, long address, int length, int opFlags, long userData, long groupAndCap) {
        long lengthAndFlags = Integer.toUnsignedLong(length) | (long) opFlags << 32;
        inFlight++;
        prepared++;
        if (!spill.isEmpty() || full()) {
            submit();
            if (!spill.isEmpty() || full()) {
                spill.add(head, off, address, lengthAndFlags, userData, groupAndCap);
                return;
            }
        }
        write(head, off, address, lengthAndFlags, userData, groupAndCap);
    }

    private void write(long head, long off, long address, long lengthAndFlags, long userData, long groupAndCap) {
        long at = (sqTail & sqMask) * Abi.SQE_BYTES;
        sqes.set(U64, at + Abi.SQE_HEAD, head);
        sqes.set(U64, at + Abi.SQE_OFF, off);
        sqes.set(U64, at + Abi.SQE_ADDR, address);
        sqes.set(U64, at + Abi.SQE_LEN, lengthAndFlags);
        sqes.set(U64, at + Abi.SQE_USER_DATA, userData);
        sqes.set(U64, at + Abi.SQE_BUF_GROUP, groupAndCap);
        sqes.set(U64, at + Abi.SQE_ADDR3, 0L);
        sqes.set(U64, at + Abi.SQE_ADDR3 + 8, 0L);
        sqTail++;
    }

    private boolean full() {
        return pending() == sqEntries;
    }

    /** Prepared and not yet taken by the kernel, without the spill. */
    private int pending() {
        return sqTail - (int) COUNTER.getAcquire(sqHead, 0L); // the kernel writes as it consumes
    }

    // ---- submit and wait ----------------------------------------------------------------------------------------

    /** Submits what is prepared, without waiting and without running deferred work. Returns 0 or {@code -errno}. */
    public int submit() {
        return enter(0, false, 0);
    }

    /**
     * Submits what is prepared and waits for {@code minComplete} completions, at most {@code timeoutNanos} (negative: no
     * limit). Returns at once if completions are there already.
     *
     * @return 0, also when the time was over or a signal came; {@code -errno} once the ring is broken
     */
    public int submitAndWait(int minComplete, long timeoutNanos) {
        boolean wait = minComplete > 0 && timeoutNanos != 0 && ready() < minComplete && spill.isEmpty();
        return enter(wait ? minComplete : 0, true, timeoutNanos);
    }

    private int enter(int minComplete, boolean getEvents, long timeoutNanos) {
        int broken = brokenErrno;
        if (broken != 0) {
            return -broken;
        }
        unspill();
        COUNTER.setRelease(sqTailShared, 0L, sqTail); // publishes the SQEs; pairs with the kernel's load-acquire
        int pending = pending();
        enters++;
        int result = kernelRing.enter(pending, minComplete, getEvents, timeoutNanos);
        if (pending() == 0 && spill.isEmpty()) {
            gather.reset();
        }
        if (result >= 0) {
            submitted += result;
            return 0;
        }
        return failed(-result);
    }

    private int failed(int errno) {
        switch (errno) {
            // time over, a signal, no memory for a request just now, a full CQ in front of an overflow list
            case Errno.ETIME, Errno.EINTR, Errno.EAGAIN, Errno.EBUSY -> {
                return 0;
            }
            case Errno.EBADR -> {
                if (completionsLost) {
                    return 0; // known already: what is left is being reaped
                }
                completionsLost = true;
            }
            default -> {}
        }
        brokenErrno = errno;
        return -errno;
    }

    private void unspill() {
        while (!spill.isEmpty() && !full()) {
            spill.moveOne(this::write);
        }
    }

    // ---- completions --------------------------------------------------------------------------------------------

    /** Completions that can be drained without a syscall. */
    public int ready() {
        return (int) COUNTER.getAcquire(cqTail, 0L) - cqHead; // the kernel's store-release makes the CQEs readable
    }

    /** Whether the kernel tells of work that it deferred in memory, so that {@link #hasSign} sees it. */
    public boolean showsWork() {
        return (kernelRing.features().setupFlags() & Abi.IORING_SETUP_TASKRUN_FLAG) != 0;
    }

    /** Whether an enter would bring completions, as far as can be seen without one. */
    public boolean hasSign() {
        int signs = Abi.IORING_SQ_TASKRUN | Abi.IORING_SQ_CQ_OVERFLOW;
        return ready() > 0 || ((int) COUNTER.getOpaque(sqFlags, 0L) & signs) != 0;
    }

    /** Whether something is prepared that no enter has taken. */
    public boolean hasUnsubmitted() {
        return pending() != 0 || !spill.isEmpty();
    }

    /**
     * Hands over at most {@code max} completions, in order, and gives their entries back with one store.
     *
     * @return how many
     */
    public int drain(CqeHandler handler, int max) {
        int start = cqHead;
        int count = Math.min(ready(), max);
        int end = start + count;
        try {
            while (cqHead != end) {
                long at = (cqHead & cqMask) * Abi.CQE_BYTES;
                long userData = cqes.get(U64, at + Abi.CQE_USER_DATA);
                int result = cqes.get(U32, at + Abi.CQE_RES);
                int flags = cqes.get(U32, at + Abi.CQE_FLAGS);
                cqHead++;
                if ((flags & Abi.IORING_CQE_F_MORE) == 0) {
                    inFlight--;
                }
                handler.completed(userData, result, flags);
            }
        } finally {
            completions += cqHead - start; // fewer than count if the handler threw
            if (overflowed()) {
                overflows++;
            }
            int counter = (int) COUNTER.getOpaque(cqOverflow, 0L);
            dropped += Integer.toUnsignedLong(counter - (int) dropped); // the kernel's counter is a u32 that wraps
            COUNTER.setRelease(cqHeadShared, 0L, cqHead); // the entries are read; pairs with the kernel's load-acquire
        }
        return count;
    }

    /** Whether completions wait in the kernel because the queue was full; the next wait brings them. */
    public boolean overflowed() {
        return ((int) COUNTER.getOpaque(sqFlags, 0L) & Abi.IORING_SQ_CQ_OVERFLOW) != 0;
    }

    // ---- state --------------------------------------------------------------------------------------------------

    /** The errno that ended this ring, 0 while it works. Any thread. */
    public int brokenErrno() {
        return brokenErrno;
    }

    /** Whether the kernel dropped completions ({@code EBADR}), so that what is in flight is unknown. */
    public boolean completionsLost() {
        return completionsLost;
    }

    /** After {@code EBADR}, or once {@link #dropped} has grown: enters again, to reap what was not lost. */
    public void reapAfterLoss() {
        completionsLost = true;
        brokenErrno = 0;
    }

    /** Treats the ring as broken from now on. */
    public void fail(int errno) {
        brokenErrno = errno;
    }

    public RingFeatures features() {
        return kernelRing.features();
    }

    public KernelRing kernelRing() {
        return kernelRing;
    }

    public int sqEntries() {
        return sqEntries;
    }

    public int cqEntries() {
        return cqMask + 1;
    }

    /** Operations whose last completion has not been handed over yet, prepared ones included. */
    public int inFlight() {
        return inFlight;
    }

    /** How many operations were prepared so far: the number of the last one. */
    public long prepared() {
        return prepared;
    }

    /** Whether the kernel has taken the operation of that {@link #prepared} number, which says nothing of its outcome. */
    public boolean taken(long number) {
        return number <= prepared - spill.size() - pending();
    }

    /** Calls of {@code enter} so far. */
    public long enters() {
        return enters;
    }

    /** SQEs that the kernel consumed so far. */
    public long submitted() {
        return submitted;
    }

    /** Completions handed over so far. */
    public long completions() {
        return completions;
    }

    /** Drains that left completions waiting in the kernel because the queue had been full; none of them is lost. */
    public long overflows() {
        return overflows;
    }

    /** Completions that the kernel had no memory to keep, as of the last drain; the next enter says {@code EBADR}. */
    public long dropped() {
        return dropped;
    }

    /** Makes the next or the present wait return. Any thread. */
    public void wake() {
        kernelRing.wake();
    }

    /** Unmaps and closes; everything has been cancelled and reaped. Idempotent. */
    public void close() {
        if (!closed) {
            closed = true;
            if (brokenErrno == 0) {
                brokenErrno = Errno.EBADF;
            }
            kernelRing.close();
        }
    }

    public boolean closed() {
        return closed;
    }
}
