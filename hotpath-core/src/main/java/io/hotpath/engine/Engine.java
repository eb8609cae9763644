package io.hotpath.engine;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.ring.CqeHandler;
import io.hotpath.ring.Kernels;
import io.hotpath.ring.Ring;
import io.hotpath.ring.UserData;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Listeners and connections on one ring. Passive: the thread that opened it turns it with {@link #run}, and every report
 * comes from inside that call, one at a time.
 *
 * <p>A turn: run tasks, take buffers back, deliver what demand allows, arm who can be armed, submit one send per connection
 * that has something to send, enter once, and handle what completed.
 *
 * <p>Doors for other threads: {@link #execute}, {@link #wakeup}, {@link Leases#release} and reading a lease. Nothing else.
 */
public final class Engine implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Engine.class.getName());
    private static final long UNLIMITED = Long.MAX_VALUE;
    private static final long RETIRE_TIMEOUT_NANOS = 2_000_000_000L;

    final Counters counters = new Counters();
    final Receiver receiver;
    final Sender sender;
    final Closer closer;

    private final Thread owner = Thread.currentThread();
    private final Kernel kernel;
    private final EngineConfig config;
    private final Leases leases;
    private final Ring ring;
    private final Tasks tasks = new Tasks();
    private final Timers timers = new Timers();
    private final SlotTable slots;
    private final List<@Nullable Listener> listeners = new ArrayList<>();
    private final ConnectionQueue ready = new ConnectionQueue();
    private final ConnectionQueue withoutCredit = new ConnectionQueue();
    private final ConnectionQueue.Step attendStep = this::attend;
    private final ConnectionQueue.Step readyStep = this::readyAgain;
    private final CqeHandler dispatch = this::completed;

    private long credit = UNLIMITED;
    private int armedThisTurn;
    private long turns;
    private boolean turning;
    private boolean closed;

    private Engine(Kernel kernel, EngineConfig config) {
        this.kernel = kernel;
        this.config = config;
        ring = Ring.open(kernel, config.ringSetup());
        try {
            leases = new Leases(this, kernel, config);
            slots = new SlotTable(config.connectionsMax());
            receiver = new Receiver(this, config);
            sender = new Sender(this, config);
            closer = new Closer(this, config);
            leases.attach(ring);
            armWake();
        } catch (RuntimeException | Error failed) {
            ring.close();
            throw failed;
        }
    }

    /**
     * Opens an engine that the calling thread owns.
     *
     * @throws EngineException if the host refuses what it needs, with cause and remedy
     */
    public static Engine open(EngineConfig config) {
        return open(Kernels.choose(config.policy()), config);
    }

    /** Opens an engine on a given kernel; for tests and simulations. */
    public static Engine open(Kernel kernel, EngineConfig config) {
        return new Engine(kernel, config);
    }

    // ---- doors for any thread -----------------------------------------------------------------------------------

    /** Runs {@code task} on the loop thread, in order, in the next turn. Any thread. */
    public void execute(Runnable task) {
        if (tasks.add(task)) {
            ring.wake();
        }
    }

    /** Makes the present wait return, or the next one not begin. Any thread. */
    public void wakeup() {
        if (tasks.wake()) {
            ring.wake();
        }
    }

    /** Whether the calling thread owns this engine. Any thread. */
    public boolean inLoop() {
        return Thread.currentThread() == owner;
    }

    /** Who owns each buffer; leases are read and released there. Any thread, see there. */
    public Leases leases() {
        return leases;
    }

    /** Counters and gauges. Any thread; from another thread than the loop's each value may be some turns old. */
    public EngineStats stats() {
        Counters c = counters;
        return new EngineStats(
                kernel.name(), turns, ring.enters(), ring.submitted(), ring.completions(), ring.overflows(),
                slots.count(), c.accepted, c.acceptErrors, c.acceptPauses, c.refused, c.closedInOrder,
                c.closedByFailure, c.closedByReset, c.closeDeadlines, c.bytesIn, c.bytesOut, c.receives, c.sends,
                c.sendShort, c.enobufs, c.parks, c.rearms, c.copiedOut, c.reserveServed, c.quotaStuck,
                leases.applicationHeld(), leases.copiesHeld(), leases.mainFree(), c.staleCompletions,
                c.staleLeases.sum(), c.unexpectedErrnos, c.handlerFailures);
    }

    public EngineConfig config() {
        return config;
    }

    // ---- listen and connect -------------------------------------------------------------------------------------

    /**
     * Accepts on sockets that were opened for several loops, each loop with its own index.
     *
     * @param sockets from {@link ListenAddress#bind}
     */
    public Listener listen(ListenAddress sockets, int index, ListenerHandler handler) {
        assert inLoop();
        Listener listener = new Listener(this, listeners.size(), sockets.take(index), sockets.address(), handler,
                config.acceptWaitMax());
        listeners.add(listener);
        listener.arm(false);
        return listener;
    }

    /**
     * Connects. {@code connected} or {@code closed} reports the outcome.
     *
     * @param timeoutNanos after which it fails with {@code ETIMEDOUT}
     * @return the connection, not yet connected; {@link Connection#reset} gives up
     */
    public Connection connect(SocketAddress address, long timeoutNanos, ConnectionHandler handler) {
        assert inLoop();
        int family = SocketAddresses.family(address);
        int fd = kernel.sockets().socket(family);
        if (fd < 0) {
            throw new EngineException("socket", -fd, "raise the limit of open files");
        }
        Connection connection = occupy(fd, Connection.CONNECTING);
        if (connection == null) {
            kernel.sockets().close(fd);
            throw new IllegalStateException("connectionsMax is reached: " + config.connectionsMax());
        }
        if (family != Abi.AF_UNIX) {
            kernel.sockets().setOption(fd, Abi.IPPROTO_TCP, Abi.TCP_NODELAY, 1);
        }
        connection.adopt(handler);
        MemorySegment sockaddr = Arena.ofAuto().allocate(SocketAddresses.SOCKADDR_BYTES, 8);
        int length = SocketAddresses.write(address, family, sockaddr);
        connection.connecting = true;
        connection.inFlight++;
        connection.connectAddress = sockaddr; // reachable until the kernel has read it
        ring.prepConnect(fd, sockaddr.address(), length, connection.userData(Ops.CONNECT));
        connection.deadline = timers.at(nanoTime() + timeoutNanos, () -> {
            connection.deadline = null;
            closer.fail(connection, Errno.ETIMEDOUT);
        });
        return connection;
    }

    private void connectCompleted(Connection c, int result) {
        c.inFlight--;
        c.connecting = false;
        c.connectAddress = null;
        if (c.state != Connection.CONNECTING) {
            ready(c);
            return;
        }
        if (c.deadline != null) {
            timers.cancel(c.deadline);
            c.deadline = null;
        }
        if (result < 0) {
            closer.fail(c, -result);
            return;
        }
        counters.connected++;
        c.state = Connection.OPEN;
        try {
            c.handler().connected(c);
        } catch (Throwable thrown) {
            handlerFailed(c, thrown);
        }
    }

    // ---- credit -------------------------------------------------------------------------------------------------

    /** From now on each accept, receive, send and close report needs credit from {@link #request}. */
    public void requireCredit() {
        assert inLoop();
        credit = 0;
    }

    /** Permits {@code n} more reports. {@code Long.MAX_VALUE} takes the limit away. */
    public void request(long n) {
        assert inLoop();
        if (n <= 0) {
            throw new IllegalArgumentException("demand is " + n + ", must be at least 1 (Reactive Streams 3.9)");
        }
        credit = credit + n < 0 ? UNLIMITED : credit + n;
        withoutCredit.drain(readyStep);
    }

    boolean hasCredit() {
        return credit > 0;
    }

    boolean hasCredit(Connection c) {
        return c.free || credit > 0;
    }

    void takeCredit(Connection c) {
        if (!c.free) {
            takeCredit();
        }
    }

    void takeCredit() {
        if (credit != UNLIMITED) {
            credit--;
        }
    }

    // ---- the turn -----------------------------------------------------------------------------------------------

    /**
     * Turns once: does everything that can be done, and if that is nothing waits for a completion, a wake-up or a deadline,
     * at most {@code timeoutNanos} (negative: no limit).
     *
     * @throws EngineException if the ring broke; the engine can only be closed then
     */
    public void run(long timeoutNanos) {
        assert inLoop();
        assert !turning : "a report must not turn the engine";
        turning = true;
        try {
            turn(timeoutNanos);
        } finally {
            turning = false;
        }
    }

    private void turn(long timeoutNanos) {
        turns++;
        armedThisTurn = 0;
        tasks.run();
        leases.drainReturned();
        if (!timers.isEmpty()) {
            timers.run(nanoTime());
        }
        deliver();
        relieve();
        receiver.rearmAll();
        sender.submitAll();
        leases.publish();
        enter(timeoutNanos);
        ring.drain(dispatch, ring.cqEntries());
        deliver();
    }

    private void enter(long timeoutNanos) {
        boolean mayWait = timeoutNanos != 0 && !hasWork() && tasks.goToSleep();
        try {
            if (mayWait && leases.anyReturned()) {
                mayWait = false; // a foreign release that came before it could see us asleep
            }
            int result = ring.submitAndWait(mayWait ? 1 : 0, mayWait ? untilDeadline(timeoutNanos) : 0);
            if (result < 0) {
                throw new EngineException("io_uring_enter", -result, "the ring is broken and closes");
            }
        } finally {
            tasks.awake();
        }
    }

    private long untilDeadline(long timeoutNanos) {
        if (timers.isEmpty()) {
            return timeoutNanos;
        }
        long next = Math.max(timers.untilNext(nanoTime()), 1);
        return timeoutNanos < 0 ? next : Math.min(next, timeoutNanos);
    }

    private boolean hasWork() {
        return !ready.isEmpty() || sender.hasWork() || receiver.hasWork();
    }

    private void completed(long userData, int result, int flags) {
        int op = UserData.op(userData);
        if (op == Ops.CANCEL) {
            return; // what was cancelled completes by itself
        }
        if (op == Ops.ACCEPT) {
            Objects.requireNonNull(listeners.get(UserData.slot(userData))).completed(result, flags);
            return;
        }
        if (op == Ops.WAKE) {
            if ((flags & Abi.IORING_CQE_F_MORE) == 0 && !closed) {
                armWake();
            }
            return;
        }
        Connection c = slots.find(userData);
        if (c == null) {
            stale(op, flags);
            return;
        }
        switch (op) {
            case Ops.RECV -> receiver.completed(c, result, flags);
            case Ops.SEND -> sender.completed(c, result);
            case Ops.CLOSE -> closer.closeCompleted(c);
            case Ops.CONNECT -> connectCompleted(c, result);
            case Ops.SHUTDOWN -> closer.shutdownCompleted(c);
            case Ops.WATCH -> receiver.watchCompleted(c, result);
            default -> throw new AssertionError("op " + op);
        }
    }

    private void stale(int op, int flags) {
        counters.staleCompletions++;
        if (op == Ops.RECV && (flags & Abi.IORING_CQE_F_BUFFER) != 0) {
            leases.recycle(flags >>> Abi.IORING_CQE_BUFFER_SHIFT);
        }
    }

    /** Reports what can be reported: parked bytes, finished sends, steps of a close, waiting accepts. */
    private void deliver() {
        for (int i = 0; i < listeners.size(); i++) {
            Listener listener = listeners.get(i);
            if (listener != null) {
                listener.handOverWaiting();
            }
        }
        // a report may make its own connection ready again; the second walk takes most of these, the next turn the rest
        for (int i = 0; i < 2 && !ready.isEmpty(); i++) {
            ready.drain(attendStep);
        }
    }

    private void attend(Connection c) {
        c.inReady = false;
        boolean reported = sender.report(c);
        receiver.deliverParked(c);
        closer.advance(c);
        if (c.state == Connection.CLOSED && c.doneFirst == null) {
            reportClose(c);
        }
        boolean waits = !reported
                || (c.state == Connection.CLOSED && !c.closeReported)
                || (c.parkedFirst >= 0 && c.demand > 0 && c.state == Connection.OPEN && !c.paused);
        if (waits && !c.inReady && credit == 0) {
            c.inReady = true;
            withoutCredit.add(c);
        }
    }

    private void reportClose(Connection c) {
        if (!c.hasHandler()) {
            c.closeReported = true; // nobody ever saw it
            return;
        }
        if (!c.closeReported && hasCredit()) {
            takeCredit();
            c.closeReported = true;
            try {
                c.handler().closed(c, c.closeErrno);
            } catch (Throwable thrown) {
                handlerFailed(c, thrown);
            }
        }
    }

    private void readyAgain(Connection c) {
        c.inReady = false;
        ready(c);
    }

    void ready(Connection c) {
        if (!c.inReady) {
            c.inReady = true;
            ready.add(c);
        }
    }

    /** Ring buffers are short: what the engine itself holds in them moves to copy memory. */
    private void relieve() {
        if (!leases.scarce() || (!receiver.holdsRingBuffers() && !sender.holdsRingBuffers())) {
            return;
        }
        slots.forEach(c -> {
            receiver.copyParkedOut(c);
            sender.interruptBlocked(c);
        });
    }

    // ---- for its parts ------------------------------------------------------------------------------------------

    Ring ring() {
        return ring;
    }

    Timers timers() {
        return timers;
    }

    Kernel kernel() {
        return kernel;
    }

    long nanoTime() {
        return kernel.nanoTime();
    }

    void armed() {
        armedThisTurn++;
    }

    int armedThisTurn() {
        return armedThisTurn;
    }

    void cancel(long userData) {
        ring.prepCancel(userData, UserData.of(Ops.CANCEL, 0, 0));
    }

    @Nullable
    Connection occupy(int fd, byte state) {
        return slots.occupy(this, fd, state);
    }

    void vacate(Connection c) {
        slots.vacate(c);
    }

    void listenerClosed(int index) {
        listeners.set(index, null);
    }

    void handlerFailed(Connection c, Throwable thrown) {
        counters.handlerFailures++;
        LOG.log(Level.WARNING, () -> "connection=" + c.slot + " state=handler_failed action=reset", thrown);
        closer.reset(c);
    }

    private void armWake() {
        int events = Abi.POLLIN | Abi.EPOLLET;
        ring.prepPoll(ring.kernelRing().wakeFd(), events, true, UserData.of(Ops.WAKE, 0, 0));
    }

    // ---- the end ------------------------------------------------------------------------------------------------

    /** Open connections, accepted ones that wait for credit included. */
    public int connections() {
        return slots.count();
    }

    /** Closes each listener and, in order, each connection; reports go on. */
    public void shutdown() {
        assert inLoop();
        for (int i = 0; i < listeners.size(); i++) {
            Listener listener = listeners.get(i);
            if (listener != null) {
                listener.close();
            }
        }
        slots.forEach(closer::close);
    }

    /**
     * Resets what is still open and gives everything back, within two seconds. Credit counts no more: each connection
     * reports its close. Leases in the application's hands stay readable until they are released. Idempotent.
     */
    @Override
    public void close() {
        assert inLoop();
        if (closed) {
            return;
        }
        closed = true;
        request(UNLIMITED);
        shutdown();
        slots.forEach(closer::reset);
        long deadline = nanoTime() + RETIRE_TIMEOUT_NANOS;
        while (slots.count() > 0 && ring.brokenErrno() == 0 && nanoTime() - deadline < 0) {
            run(Math.min(deadline - nanoTime(), 10_000_000));
        }
        retire(deadline);
    }

    private void retire(long deadline) {
        ring.prepCancelAll(UserData.of(Ops.CANCEL, 0, 0));
        while (ring.inFlight() > 0 && nanoTime() - deadline < 0) {
            if (ring.submitAndWait(1, deadline - nanoTime()) < 0) {
                break;
            }
            ring.drain(dispatch, ring.cqEntries());
        }
        if (ring.inFlight() == 0) {
            leases.detach();
        } else {
            int left = ring.inFlight();
            LOG.log(Level.WARNING, () -> "engine=closed in_flight=" + left + " buffers=leaked on purpose, the kernel"
                    + " may still write into them");
        }
        ring.close();
        leases.orphan();
        tasks.close();
    }
}
