package io.hotpath.engine;

import static io.hotpath.engine.Connection.OPEN;
import static io.hotpath.engine.Connection.RECV_ARMED;
import static io.hotpath.engine.Connection.RECV_CANCELLING;
import static io.hotpath.engine.Connection.RECV_IDLE;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.lang.System.Logger.Level;

/**
 * How connections receive: armed, lent while there is demand, parked while there is none, stopped at their quota, starved
 * while buffers are out. Loop thread.
 */
final class Receiver {
    private static final System.Logger LOG = System.getLogger(Receiver.class.getName());

    /** Deliveries to one connection before the next one has its turn. */
    private static final int DELIVER_MAX = 16;

    /** Parked payloads up to this part of a buffer are packed together, so that tiny segments cannot pin whole buffers. */
    private static final int PACK_DIVISOR = 4;

    /** The gauge counts each connection at its quota; the log names one in this time. */
    private static final long STUCK_LOG_NANOS = 10_000_000_000L;

    private final Engine engine;
    private final Leases leases;
    private final Counters counters;
    private final int quota;
    private final int lowWater;
    private final int bufferBytes;
    private final ConnectionQueue rearm = new ConnectionQueue();
    private final ConnectionQueue starved = new ConnectionQueue();
    private final ConnectionQueue.Step armStep = this::armQueued;
    private final ConnectionQueue.Step feedStep = this::feed;

    /** Parked buffers that could be the kernel's. */
    private int parkedInRing;

    /** Whether the kernel ends a multishot receive after a number of bytes (Linux 6.17); false after its first refusal. */
    private boolean capsWork = true;

    /** Receives armed in this turn: each may take the buffer that another one counted on. */
    private int armedMain;

    private int armedReserve;

    /** When a connection at its quota was last named in the log, 0 for never. */
    private long stuckLoggedNanos;

    /** Buffers that were left when nobody else could be armed. */
    private int availableThen;

    Receiver(Engine engine, EngineConfig config) {
        this.engine = engine;
        leases = engine.leases();
        counters = engine.counters;
        quota = config.leaseQuota();
        lowWater = config.lowWater();
        bufferBytes = config.bufferBytes();
    }

    // ---- what connections ask for -------------------------------------------------------------------------------

    void start(Connection c) {
        queueRearm(c);
    }

    void demanded(Connection c) {
        if (c.parkedFirst >= 0 || (c.inputEnded && !c.endReported)) {
            engine.ready(c);
        }
    }

    /** A buffer of {@code c} came back. */
    void gaveBack(Connection c) {
        if (c.recv == RECV_IDLE && c.started) {
            queueRearm(c);
        }
        if (c.state == Connection.DRAINING) {
            engine.closer.later(c);
        }
    }

    /** Output fell below the pause limit. */
    void resume(Connection c) {
        queueRearm(c);
        demanded(c);
    }

    private void queueRearm(Connection c) {
        if (!c.inRearm) {
            c.inRearm = true;
            rearm.add(c);
        }
    }

    // ---- completions --------------------------------------------------------------------------------------------

    void completed(Connection c, int result, int flags) {
        boolean more = (flags & Abi.IORING_CQE_F_MORE) != 0;
        if (!more) {
            c.recv = RECV_IDLE;
            c.inFlight--;
        }
        if (result > 0) {
            bytesCame(c, flags >>> Abi.IORING_CQE_BUFFER_SHIFT, result);
        } else {
            if ((flags & Abi.IORING_CQE_F_BUFFER) != 0) {
                leases.recycle(flags >>> Abi.IORING_CQE_BUFFER_SHIFT);
            }
            ended(c, -result);
        }
        if (!more) {
            queueRearm(c);
        } else if (c.held >= quota && c.recv == RECV_ARMED && c.state == OPEN) {
            stop(c);
        }
        if (c.state != OPEN) {
            engine.closer.later(c);
        }
    }

    private void bytesCame(Connection c, int buffer, int length) {
        counters.receives++;
        counters.bytesIn += length;
        if (c.state != OPEN) {
            leases.recycle(buffer); // closing: nobody reads any more
            return;
        }
        if (!leases.inMain(buffer)) {
            counters.reserveServed++;
        }
        leases.received(buffer, length, c);
        if (c.parkedFirst < 0 && deliverable(c)) {
            deliver(c, buffer);
        } else {
            park(c, buffer);
        }
    }

    private void ended(Connection c, int errno) {
        switch (errno) {
            case 0 -> {
                c.inputEnded = true;
                c.peerFinished = true;
                if (c.parkedFirst < 0) {
                    reportEnd(c);
                }
                watch(c); // half open: a reset would come unseen until the next send
            }
            case Errno.ENOBUFS -> {
                counters.enobufs++;
                starve(c);
            }
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {} // armed again when it may be
            case Errno.EINVAL, Errno.EBADF, Errno.EFAULT, Errno.ENOTSOCK -> {
                if (errno == Errno.EINVAL && c.capped) {
                    capsWork = false; // a kernel before 6.17: the quota is kept by cancelling
                    return;
                }
                counters.unexpectedErrnos++;
                engine.closer.fail(c, errno);
            }
            default -> engine.closer.fail(c, errno);
        }
    }

    // ---- deliver and park ---------------------------------------------------------------------------------------

    private boolean deliverable(Connection c) {
        return c.demand > 0 && !c.paused && c.state == OPEN && engine.hasCredit(c) && !engine.losing();
    }

    private void deliver(Connection c, int buffer) {
        if (c.demand != Connection.DEMAND_UNLIMITED) {
            c.demand--;
        }
        engine.takeCredit(c);
        int length = leases.lengthOf(buffer);
        long lease = leases.lend(buffer);
        try {
            c.handler().received(c, lease, length);
        } catch (Throwable thrown) {
            engine.handlerFailed(c, thrown);
            leases.releaseIfHeld(lease);
        }
    }

    private void park(Connection c, int buffer) {
        int length = leases.lengthOf(buffer);
        int last = c.parkedLast;
        if (last >= 0 && !leases.inRing(last) && leases.room(last) >= length) {
            leases.append(last, leases.address(buffer), length);
            leases.drop(buffer);
            return;
        }
        int kept = length <= bufferBytes / PACK_DIVISOR ? leases.copyOut(buffer) : -1;
        link(c, kept >= 0 ? kept : buffer);
        if (c.demand > 0) {
            engine.ready(c); // only the engine's credit is missing, or its turn
        }
    }

    private void link(Connection c, int buffer) {
        leases.next(buffer, -1);
        if (c.parkedFirst < 0) {
            c.parkedFirst = buffer;
        } else {
            leases.next(c.parkedLast, buffer);
        }
        c.parkedLast = buffer;
        if (leases.inRing(buffer)) {
            parkedInRing++;
            engine.holdsRingBuffers(c);
        }
    }

    private int unlink(Connection c) {
        int buffer = c.parkedFirst;
        c.parkedFirst = leases.next(buffer);
        if (c.parkedFirst < 0) {
            c.parkedLast = -1;
        }
        parkedInRing -= leases.inRing(buffer) ? 1 : 0;
        return buffer;
    }

    /** Delivers what is parked, as far as demand goes. */
    void deliverParked(Connection c) {
        for (int i = 0; c.parkedFirst >= 0 && deliverable(c); i++) {
            if (i == DELIVER_MAX) {
                engine.ready(c);
                return;
            }
            deliver(c, unlink(c));
        }
        if (c.parkedFirst < 0 && c.inputEnded) {
            reportEnd(c);
        }
    }

    void dropParked(Connection c) {
        while (c.parkedFirst >= 0) {
            leases.drop(unlink(c));
        }
    }

    private void reportEnd(Connection c) {
        if (c.endReported || c.state != OPEN || engine.losing()) {
            return;
        }
        c.endReported = true;
        try {
            c.handler().inputEnded(c);
        } catch (Throwable thrown) {
            engine.handlerFailed(c, thrown);
        }
        if (c.closesItself) {
            engine.closer.closeAfterInput(c);
        }
    }

    // ---- arm, stop, starve --------------------------------------------------------------------------------------

    /** Arms what waits to be armed: first who was starved, as far as buffers go, then everybody else. */
    void rearmAll() {
        armedMain = 0;
        armedReserve = 0;
        if (!starved.isEmpty()) {
            starved.drain(feedStep);
        }
        if (!rearm.isEmpty()) {
            rearm.drain(armStep);
        }
        availableThen = leases.mainAvailable() + leases.reserveAvailable();
    }

    /** Whether the next turn can do more: it waits once a turn has armed nobody and no buffer has come back since. */
    boolean hasWork() {
        return !rearm.isEmpty()
                || (!starved.isEmpty()
                        && (armedMain + armedReserve > 0
                                || leases.mainAvailable() + leases.reserveAvailable() > availableThen));
    }

    private void feed(Connection c) {
        if (!c.starved) {
            return;
        }
        if (leases.mainAvailable() <= armedMain && !mayUseReserve(c)) {
            starved.add(c); // keeps its place: nobody is added while the stolen queue is walked
            return;
        }
        c.starved = false;
        arm(c, true);
    }

    private boolean mayUseReserve(Connection c) {
        return c.held == 0 && leases.reserveAvailable() > armedReserve;
    }

    private void armQueued(Connection c) {
        c.inRearm = false;
        arm(c, false);
    }

    private void arm(Connection c, boolean hungry) {
        if (!mayArm(c)) {
            if (c.held >= quota && c.recv == RECV_IDLE && c.state == OPEN && !c.inputEnded && !c.stopped) {
                atQuota(c); // the kernel's cap has ended its receive
            }
            return;
        }
        boolean queue = !hungry && !starved.isEmpty(); // others wait for buffers already
        if (!queue && leases.mainAvailable() > (hungry ? armedMain : 0)) {
            // who comes from the queue takes one buffer and queues again, so that few buffers go round
            int cap = !capsWork ? 0 : hungry ? bufferBytes : capFor(c);
            engine.ring().prepRecvMultishot(c.fd, EngineConfig.MAIN_GROUP, cap, c.userData(Ops.RECV));
            c.capped = cap > 0;
            armedMain++;
        } else if (mayUseReserve(c)) {
            engine.ring().prepRecvOnce(c.fd, EngineConfig.RESERVE_GROUP, c.userData(Ops.RECV));
            c.capped = false;
            armedReserve++;
        } else {
            starve(c);
            return;
        }
        c.recv = RECV_ARMED;
        c.stopped = false;
        unstick(c);
        c.inFlight++;
        counters.rearms++;
    }

    /** The kernel's cap counts bytes: small segments still fill the quota sooner, and then {@link #stop} acts. */
    private int capFor(Connection c) {
        return c.uncapped || quota == EngineConfig.QUOTA_UNLIMITED || c.state != OPEN
                ? 0
                : (int) Math.min((long) (quota - c.held) * bufferBytes, 1 << 30);
    }

    private boolean mayArm(Connection c) {
        if (c.inputEnded || c.recv != RECV_IDLE || c.starved) {
            return false;
        }
        if (c.state == Connection.LINGERING) {
            return true; // to read away what would turn the close into a reset
        }
        if (c.state != OPEN || !c.started || (c.paused && c.held > 0)) {
            return false;
        }
        return c.stopped ? c.held <= lowWater : c.held < quota;
    }

    /** The quota is used up: the receive ends and begins again at the low-water mark. */
    private void stop(Connection c) {
        cancel(c);
        atQuota(c);
    }

    private void atQuota(Connection c) {
        c.stopped = true;
        counters.parks++;
        watch(c);
        if (c.demand > 0 && c.lent >= quota && !c.stuck) {
            c.stuck = true;
            counters.quotaStuck++;
            logStuck(c);
        }
    }

    private void logStuck(Connection c) {
        long now = engine.nanoTime();
        if (stuckLoggedNanos == 0 || now - stuckLoggedNanos > STUCK_LOG_NANOS) {
            stuckLoggedNanos = now;
            LOG.log(Level.WARNING,
                    () -> "connection=" + c.slot + " state=at_quota leases=" + c.lent + " demand=" + c.demand
                            + " remedy=release or send each lease, or raise leaseQuota");
        }
    }

    private void unstick(Connection c) {
        if (c.stuck) {
            c.stuck = false;
            counters.quotaStuck--;
        }
    }

    void forget(Connection c) {
        unstick(c);
        c.starved = false;
        dropParked(c);
    }

    void cancel(Connection c) {
        if (c.recv == RECV_ARMED) {
            c.recv = RECV_CANCELLING;
            engine.cancel(c.userData(Ops.RECV));
        }
    }

    /** A new ring: nothing of {@code c} is armed on it yet. */
    void moved(Connection c) {
        if (c.stopped || c.starved || c.inputEnded) {
            watch(c);
        }
        queueRearm(c);
    }

    private void starve(Connection c) {
        if (!c.starved && (c.state == OPEN || c.state == Connection.LINGERING)) {
            c.starved = true;
            starved.add(c);
            watch(c);
        }
    }

    // ---- a peer that leaves while nothing is armed --------------------------------------------------------------

    private void watch(Connection c) {
        if (!c.watched && c.state == OPEN && !engine.moving()) {
            c.watched = true;
            c.inFlight++;
            // io_uring reports POLLRDHUP unasked: once it is known only a multishot waits for what comes next
            boolean multishot = c.peerFinished;
            engine.ring().prepPoll(c.fd, multishot ? 0 : Abi.POLLRDHUP, multishot, c.userData(Ops.WATCH));
        }
    }

    void watchCompleted(Connection c, int result, int flags) {
        boolean more = (flags & Abi.IORING_CQE_F_MORE) != 0;
        if (!more) {
            c.watched = false;
            c.inFlight--;
        }
        if (c.state != OPEN) {
            engine.closer.later(c);
        } else if (result > 0) {
            c.peerFinished = true;
            if ((result & (Abi.POLLERR | Abi.POLLHUP)) != 0) {
                int errno = engine.kernel().sockets().option(c.fd, Abi.SOL_SOCKET, Abi.SO_ERROR);
                if (errno > 0) {
                    engine.closer.fail(c, errno);
                }
            } else if (!more && c.recv != RECV_ARMED) {
                watch(c); // its end is noticed; now only for a reset
            }
        }
    }

    // ---- short of buffers ---------------------------------------------------------------------------------------

    boolean holdsRingBuffers() {
        return parkedInRing > 0;
    }

    /** Moves parked bytes of {@code c} out of ring buffers; returns whether some are left there for want of copy memory. */
    boolean copyParkedOut(Connection c) {
        int previous = -1;
        for (int buffer = c.parkedFirst; buffer >= 0; buffer = leases.next(buffer)) {
            if (leases.inRing(buffer)) {
                int following = leases.next(buffer);
                int copy = leases.copyOut(buffer);
                if (copy < 0) {
                    return true;
                }
                parkedInRing--;
                leases.next(copy, following);
                if (previous < 0) {
                    c.parkedFirst = copy;
                } else {
                    leases.next(previous, copy);
                }
                if (following < 0) {
                    c.parkedLast = copy;
                }
                buffer = copy;
            }
            previous = buffer;
        }
        return false;
    }
}
