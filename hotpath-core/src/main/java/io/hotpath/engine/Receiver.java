package io.hotpath.engine;

import static io.hotpath.engine.Connection.OPEN;
import static io.hotpath.engine.Connection.RECV_ARMED;
import static io.hotpath.engine.Connection.RECV_CANCELLING;
import static io.hotpath.engine.Connection.RECV_IDLE;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * How connections receive: armed, lent while there is demand, parked while there is none, stopped at their quota, starved
 * while buffers are out. Loop thread.
 */
final class Receiver {
    private static final LoopLog LOG = LoopLog.of(Receiver.class);

    private static final int CAP_BYTES_MAX = 1 << 30;

    private static final byte UNKNOWN = 0;
    private static final byte TAKEN = 1;
    private static final byte REFUSED = 2;

    /** Deliveries to one connection before the next one has its turn. */
    private static final int DELIVER_MAX = 16;

    /** Closed connections that may wait among those held back, beside as many as are open. */
    private static final int SWEEP_MIN = 256;

    /** The gauge counts each connection at its quota; the log names one in this time. */
    private static final long STUCK_LOG_NANOS = 10_000_000_000L;

    private final Engine engine;
    private final Leases leases;
    private final Counters counters;
    private final Reporter reporter;
    private final Parked parked;
    private final Watcher watcher;
    private final int quota;
    private final int lowWater;
    private final int keptMax;
    private final int bufferBytes;
    private final ConnectionQueue rearm = new ConnectionQueue();
    private final ConnectionQueue starved = new ConnectionQueue();
    private final Flight.@Nullable BuffersShort buffersShort = Flight.buffersShort();

    /** Who takes nothing in as long as copy memory is short. */
    private final ConnectionQueue heldBack = new ConnectionQueue();

    private final ConnectionQueue.Step armStep = this::armQueued;
    private final ConnectionQueue.Step feedStep = this::feed;
    private final ConnectionQueue.Step heldBackStep = this::letGo;

    /**
     * Whether the kernel ends a multishot receive after a number of bytes (Linux 6.17). Each has a cap until that is known, for a
     * kernel that takes it has bundles that come in order.
     */
    private byte capsWork = UNKNOWN;

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
        reporter = engine.reporter;
        parked = engine.parked;
        watcher = engine.watcher;
        quota = config.leaseQuota();
        lowWater = config.lowWater();
        keptMax = quota / 4;
        bufferBytes = config.bufferBytes();
    }

    // ---- what connections ask for -------------------------------------------------------------------------------

    void start(Connection c) {
        queueRearm(c);
    }

    void demanded(Connection c) {
        if (c.parkedFirst >= 0 || (c.inputEnded && !c.endReported)) {
            reporter.ready(c);
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

    /** Everything was sent. */
    void outputDrained(Connection c) {
        if (c.recv == RECV_IDLE && c.started) {
            queueRearm(c);
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
        if (capsWork == UNKNOWN && c.capped && result != -Errno.EINVAL) {
            capsWork = TAKEN;
        }
        if (!more) {
            c.recv = RECV_IDLE;
            c.inFlight--;
        }
        if (result > 0) {
            came(c, flags >>> Abi.IORING_CQE_BUFFER_SHIFT, result);
        } else {
            if ((flags & Abi.IORING_CQE_F_BUFFER) != 0) {
                recycle(flags >>> Abi.IORING_CQE_BUFFER_SHIFT, 0);
            }
            ended(c, -result);
        }
        if (!more) {
            queueRearm(c);
        } else if (c.held >= quota && c.recv == RECV_ARMED && c.state == OPEN) {
            stop(c);
        } else if (result >= bufferBytes && !c.bundled) {
            c.bulk = true;
            if (mayBundle(c)) {
                cancel(c); // armed again for bundles
            }
        } else if (c.sending > 0 && waitsForPeer(c)) {
            cancel(c); // armed again when its output has drained, or when others leave copy memory
        }
        if (c.state != OPEN) {
            engine.closer.later(c);
        }
    }

    /** Each buffer of a bundle is received for itself, as if it had come alone. */
    private void came(Connection c, int first, int bytes) {
        int count = leases.buffersOf(bytes);
        leases.taken(first, count);
        int buffer = first;
        int left = bytes;
        for (int i = 1; i < count; i++) {
            int following = leases.following(buffer); // before it can be given back
            bytesCame(c, buffer, bufferBytes);
            buffer = following;
            left -= bufferBytes;
        }
        bytesCame(c, buffer, left);
    }

    /** Gives the buffers of a receive back that nobody waits for. */
    void recycle(int first, int result) {
        int count = leases.buffersOf(result);
        leases.taken(first, count);
        int buffer = first;
        for (int i = 1; i < count; i++) {
            int following = leases.following(buffer);
            leases.recycle(buffer);
            buffer = following;
        }
        leases.recycle(buffer);
    }

    private void bytesCame(Connection c, int buffer, int length) {
        counters.receives++;
        counters.bytesIn += length;
        c.bytesIn += length;
        if (c.doneFirst != null) {
            engine.sender.report(c); // it was over first: an answer to it must not be seen before it
        }
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
            parked.add(c, buffer);
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
                watcher.watch(c); // half open: a reset would come unseen until the next send
            }
            case Errno.ENOBUFS -> {
                counters.enobufs++;
                starve(c);
            }
            case Errno.ECANCELED, Errno.EINTR, Errno.EAGAIN -> {} // armed again when it may be
            case Errno.EINVAL, Errno.EBADF, Errno.EFAULT, Errno.ENOTSOCK -> {
                if (errno == Errno.EINVAL && c.capped) {
                    capsWork = REFUSED; // a kernel before 6.17: the quota is kept by cancelling
                    return;
                }
                counters.unexpectedErrnos++;
                engine.closer.fail(c, errno);
            }
            default -> engine.closer.fail(c, errno);
        }
    }

    // ---- deliver and park ---------------------------------------------------------------------------------------

    /** Whether the peer owes bytes: the application has asked for them, and nothing on this side keeps them back. */
    boolean asks(Connection c) {
        return c.recv == RECV_ARMED && c.parkedFirst < 0 && deliverable(c);
    }

    boolean mayKeep(Connection c) {
        return c.held <= keptMax && leases.plentiful();
    }

    private boolean deliverable(Connection c) {
        return c.demand > 0 && !c.paused && c.state == OPEN && reporter.hasCredit(c) && !engine.losing();
    }

    private void deliver(Connection c, int buffer) {
        if (c.demand != Connection.DEMAND_UNLIMITED) {
            c.demand--;
        }
        reporter.takeCredit(c);
        int length = leases.lengthOf(buffer);
        long lease = leases.lend(buffer);
        try {
            c.handler().received(c, lease, length);
        } catch (Throwable thrown) {
            reporter.handlerFailed(c, thrown);
            leases.releaseIfHeld(lease);
        }
    }

    /** Delivers what is parked, as far as demand goes. */
    void deliverParked(Connection c) {
        for (int i = 0; c.parkedFirst >= 0 && deliverable(c); i++) {
            if (i == DELIVER_MAX) {
                reporter.ready(c);
                return;
            }
            deliver(c, parked.remove(c));
        }
        if (c.parkedFirst < 0 && c.inputEnded) {
            reportEnd(c);
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
            reporter.handlerFailed(c, thrown);
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
        if (mayLetGo()) {
            heldBack.drain(heldBackStep);
        }
        if (!starved.isEmpty()) {
            starved.drain(feedStep);
            if (starved.isEmpty() && buffersShort != null) {
                buffersShort.fed();
            }
        }
        if (!rearm.isEmpty()) {
            rearm.drain(armStep);
        }
        availableThen = leases.mainAvailable() + leases.reserveAvailable();
    }

    /** Whether the next turn can do more: it waits once a turn has armed nobody and no buffer has come back since. */
    boolean hasWork() {
        return !rearm.isEmpty()
                || mayLetGo()
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
            if (waitsForPeer(c)) {
                holdBack(c);
            }
            return;
        }
        boolean queue = !hungry && !starved.isEmpty(); // others wait for buffers already
        if (!queue && leases.mainAvailable() > (hungry ? armedMain : 0)) {
            // who comes from the queue takes one buffer and queues again, so that few buffers go round
            c.bundled = mayBundle(c) && !hungry;
            int cap = capsWork == REFUSED ? 0 : hungry ? bufferBytes : capFor(c);
            if (c.bundled) {
                engine.ring().prepRecvBundles(c.fd, EngineConfig.MAIN_GROUP, cap, c.userData(Ops.RECV));
            } else {
                engine.ring().prepRecvMultishot(c.fd, EngineConfig.MAIN_GROUP, cap, c.userData(Ops.RECV));
            }
            c.capped = cap > 0;
            armedMain++;
        } else if (mayUseReserve(c)) {
            engine.ring().prepRecvOnce(c.fd, EngineConfig.RESERVE_GROUP, c.userData(Ops.RECV));
            c.bundled = false;
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

    /**
     * Whether a completion may bring it as many buffers as there is for: it must want them all, and have filled one before. With a
     * quota it needs a kernel that keeps it.
     */
    private boolean mayBundle(Connection c) {
        return c.bulk
                && c.demand == Connection.DEMAND_UNLIMITED
                && capsWork == TAKEN
                && c.state == OPEN
                && (!hasQuota(c) || engine.ring().kernelRing().kernel().capsBundles());
    }

    private boolean hasQuota(Connection c) {
        return !c.uncapped && quota != EngineConfig.QUOTA_UNLIMITED;
    }

    /** The kernel's cap counts bytes: small segments still fill the quota sooner, and then {@link #stop} acts. */
    private int capFor(Connection c) {
        return hasQuota(c) && c.state == OPEN
                ? (int) Math.min((long) (quota - c.held) * bufferBytes, CAP_BYTES_MAX)
                : capsWork == TAKEN ? 0 : CAP_BYTES_MAX;
    }

    private boolean mayArm(Connection c) {
        if (c.inputEnded || c.recv != RECV_IDLE || c.starved) {
            return false;
        }
        if (c.state == Connection.LINGERING) {
            return true; // to read away what would turn the close into a reset
        }
        if (c.state != OPEN || !c.started || (c.paused && c.held > 0) || waitsForPeer(c)) {
            return false;
        }
        return c.stopped ? c.held <= lowWater : c.held < quota;
    }

    /** Copy memory is short: what came waits for the peer to read, and no more comes before it does. */
    private boolean waitsForPeer(Connection c) {
        return c.outFirst != null && c.held > c.lent && engine.relief.copiesShort();
    }

    private void holdBack(Connection c) {
        if (!c.inHeldBack) {
            c.inHeldBack = true;
            heldBack.add(c);
            if (heldBack.size() > 2 * engine.connections() + SWEEP_MIN) {
                heldBack.drain(heldBackStep); // most of them are closed
            }
        }
    }

    private boolean mayLetGo() {
        return !heldBack.isEmpty() && !engine.relief.copiesShort();
    }

    private void letGo(Connection c) {
        c.inHeldBack = false;
        queueRearm(c);
    }

    boolean starves() {
        return !starved.isEmpty();
    }

    int starvedCount() {
        return starved.size();
    }

    /** Who began to starve last. */
    @Nullable
    Connection lastStarved() {
        return starved.last();
    }

    /** The quota is used up: the receive ends and begins again at the low-water mark. */
    private void stop(Connection c) {
        cancel(c);
        atQuota(c);
    }

    private void atQuota(Connection c) {
        c.stopped = true;
        counters.parks++;
        watcher.watch(c);
        if (c.demand > 0 && c.lent >= quota && !c.stuck) {
            c.stuck = true;
            counters.quotaStuck++;
            Flight.quotaStuck(c.slot, c.lent, c.demand);
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
        parked.drop(c);
    }

    void cancel(Connection c) {
        if (c.recv == RECV_ARMED) {
            c.recv = RECV_CANCELLING;
            engine.cancel(c.userData(Ops.RECV));
        }
    }

    /** A new ring, of another kernel maybe. */
    void ringReplaced() {
        capsWork = UNKNOWN;
    }

    /** A new ring: nothing of {@code c} is armed on it yet. */
    void moved(Connection c) {
        if (c.stopped || c.starved || c.inputEnded) {
            watcher.watch(c);
        }
        queueRearm(c);
    }

    private void starve(Connection c) {
        if (!c.starved && (c.state == OPEN || c.state == Connection.LINGERING)) {
            c.starved = true;
            starved.add(c);
            if (buffersShort != null) {
                buffersShort.starves();
            }
            watcher.watch(c);
        }
    }
}
