package io.hotpath.engine;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.SocketAddresses;
import io.hotpath.ring.CqeHandler;
import io.hotpath.ring.KernelLadder;
import io.hotpath.ring.Ring;
import io.hotpath.ring.UserData;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
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
    private static final long REAP_STEP_NANOS = 10_000_000L;
    private static final int HOLDERS_SWEEP_MIN = 256;

    final Counters counters = new Counters();
    final Receiver receiver;
    final Sender sender;
    final Closer closer;

    private final Thread owner = Thread.currentThread();
    private final KernelLadder ladder;
    private final Failover failover;
    private final EngineConfig config;
    private final Leases leases;

    /** Written by the loop thread, which alone uses it but for waking; a waker that reads an older one meets a loop awake. */
    private volatile Ring ring;

    private final Tasks tasks = new Tasks();
    private final Timers timers = new Timers();
    private final SlotTable slots;
    private final List<@Nullable Listener> listeners = new ArrayList<>();
    private final ConnectionQueue ready = new ConnectionQueue();

    /** Who held ring buffers, parked or in a send; looked through when these are short. */
    private final ConnectionQueue holders = new ConnectionQueue();

    private final ConnectionQueue withoutCredit = new ConnectionQueue();
    private final ConnectionQueue.Step attendStep = this::attend;
    private final ConnectionQueue.Step readyStep = this::readyAgain;
    private final ConnectionQueue.Step relieveStep = this::relieve;
    private final ConnectionQueue.Step sweepStep = this::keepUnlessClosed;
    private final Consumer<Listener> advanceStep = Listener::advance;
    private final CqeHandler dispatch = this::completed;

    private Runnable beforeSend = () -> {};
    private long credit = UNLIMITED;
    private boolean listenersChanged;
    private long turns;
    private boolean turning;
    private boolean closed;

    private Engine(KernelLadder ladder, EngineConfig config) {
        this.ladder = ladder;
        this.config = config;
        leases = new Leases(this, ladder.kernel(), config);
        slots = new SlotTable(config.connectionsMax());
        receiver = new Receiver(this, config);
        sender = new Sender(this, config);
        closer = new Closer(this, config);
        failover = new Failover(this);
        try {
            ring = openRing();
        } catch (RuntimeException | Error failed) {
            leases.discard();
            throw failed;
        }
        armWake();
    }

    private Ring openRing() {
        return ladder.open(config.ringSetup(), opened -> {
            leases.attach(opened);
            return opened;
        });
    }

    /**
     * Opens an engine that the calling thread owns.
     *
     * @throws EngineException if the host refuses what it needs, with cause and remedy
     */
    public static Engine open(EngineConfig config) {
        return new Engine(KernelLadder.of(config.policy()), config);
    }

    /** Opens an engine on given kernels, a failover going from one to the next; for tests and simulations. */
    public static Engine open(EngineConfig config, Kernel... kernels) {
        return new Engine(KernelLadder.of(kernels), config);
    }

    /** Opens an engine on a given kernel; for tests and simulations. */
    public static Engine open(Kernel kernel, EngineConfig config) {
        return open(config, kernel);
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

    /**
     * Treats the ring as broken: listeners and live connections move to the next ring, in order, and lose nothing. With
     * {@link io.hotpath.KernelPolicy#AUTO} that is a second io_uring ring first, then epoll, then io_uring again. Any thread.
     */
    public void forceUnhealthy() {
        execute(() -> failover.move("forced"));
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
                kernel().name(), turns, c.enters + ring.enters(), c.submissions + ring.submitted(),
                c.completions + ring.completions(), c.overflows + ring.overflows(),
                slots.count(), c.accepted, c.acceptErrors, c.acceptPauses, c.refused, c.closedInOrder,
                c.closedByFailure, c.closedByReset, c.closeDeadlines, c.bytesIn, c.bytesOut, c.receives, c.sends,
                c.sendShort, c.enobufs, c.parks, c.rearms, c.copiedOut, c.reserveServed, c.quotaStuck,
                leases.applicationHeld(), leases.copiesHeld(), leases.mainFree(), c.staleCompletions,
                c.staleLeases.sum(), c.unexpectedErrnos, c.handlerFailures, c.failovers, c.closedByLoss,
                c.movedSending, c.movedParked);
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
        requireOpen();
        int place = listeners.indexOf(null); // nothing of the listener that was there is in flight
        if (place < 0) {
            place = listeners.size();
            listeners.add(null);
        }
        Listener listener = new Listener(
                this, place, sockets.take(index), sockets.address(), handler, config.acceptWaitMax());
        listeners.set(place, listener);
        listener.arm(false);
        return listener;
    }

    /**
     * Connects. {@code connected} or {@code closed} reports the outcome.
     *
     * @param timeoutNanos after which it fails with {@code ETIMEDOUT}; {@code Long.MAX_VALUE} leaves that to the kernel
     * @return the connection, not yet connected; {@link Connection#reset} gives up
     */
    public Connection connect(SocketAddress address, long timeoutNanos, ConnectionHandler handler) {
        Connection connection = socket(address, handler);
        connection.connect(address, timeoutNanos);
        return connection;
    }

    /**
     * A socket that is not connected yet: bind it, set its options, then {@link Connection#connect} or {@link
     * Connection#reset} it.
     *
     * @param like an address of the family that it is to have; an IPv6 socket connects to IPv4 addresses too
     */
    public Connection socket(SocketAddress like, ConnectionHandler handler) {
        assert inLoop();
        requireOpen();
        int family = SocketAddresses.family(like);
        int fd = kernel().sockets().socket(family);
        if (fd < 0) {
            throw new EngineException("socket", -fd, "raise the limit of open files");
        }
        Connection connection = occupy(fd, Connection.CONNECTING);
        if (connection == null) {
            kernel().sockets().close(fd);
            throw new IllegalStateException("connectionsMax is reached: " + config.connectionsMax());
        }
        if (family != Abi.AF_UNIX) {
            kernel().sockets().setOption(fd, Abi.IPPROTO_TCP, Abi.TCP_NODELAY, 1);
        }
        connection.family = family;
        connection.adopt(handler);
        return connection;
    }

    /**
     * Goes on with a connection that left another engine by {@link Connection#detach}. It is not started.
     *
     * @throws IllegalStateException if the engine is closed or {@code connectionsMax} is reached; the descriptor is closed then
     */
    public Connection attach(int descriptor, ConnectionHandler handler) {
        assert inLoop();
        Connection connection = closed ? null : occupy(descriptor, Connection.OPEN);
        if (connection == null) {
            kernel().sockets().close(descriptor);
            throw new IllegalStateException("the engine is closed or has " + config.connectionsMax() + " connections");
        }
        connection.adopt(handler);
        return connection;
    }

    void connect(Connection connection, SocketAddress address, long timeoutNanos) {
        MemorySegment sockaddr = Arena.ofAuto().allocate(SocketAddresses.SOCKADDR_BYTES, 8);
        int length = SocketAddresses.write(address, connection.family, sockaddr);
        connection.connecting = true;
        connection.connectAddress = sockaddr.asSlice(0, length); // reachable until the kernel has read it
        prepConnect(connection);
        if (timeoutNanos != Long.MAX_VALUE) {
            connection.deadline = timers.at(nanoTime() + timeoutNanos, () -> {
                connection.deadline = null;
                closer.fail(connection, Errno.ETIMEDOUT);
            });
        }
    }

    private void prepConnect(Connection c) {
        MemorySegment sockaddr = Objects.requireNonNull(c.connectAddress);
        c.inFlight++;
        ring.prepConnect(c.fd, sockaddr.address(), (int) sockaddr.byteSize(), c.userData(Ops.CONNECT));
        c.prepared = ring.prepared();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the engine is closed");
        }
    }

    private void connectCompleted(Connection c, int result) {
        c.inFlight--;
        c.connectAddress = null;
        if (failover.moving() && result == -Errno.ECANCELED) {
            return; // finished on the next ring, not repeated
        }
        c.connecting = false;
        if (c.state != Connection.CONNECTING) {
            ready(c);
            return;
        }
        if (c.deadline != null) {
            timers.cancel(c.deadline);
            c.deadline = null;
        }
        int errno = result > 0 ? kernel().sockets().option(c.fd, Abi.SOL_SOCKET, Abi.SO_ERROR) : -result;
        if (errno == 0 && result > 0 && (result & Abi.POLLHUP) != 0) {
            errno = Errno.ECONNABORTED; // it failed on a ring that lost the news
        }
        if (errno != 0) {
            closer.fail(c, Math.abs(errno));
            return;
        }
        counters.connected++;
        c.state = Connection.OPEN;
        try {
            c.handler().connected(c);
        } catch (Throwable thrown) {
            handlerFailed(c, thrown);
        }
        if (c.started) {
            receiver.start(c); // also if it was told to before it stood
        }
    }

    /**
     * Runs {@code hook} in every turn when everything was reported and before what is queued is sent: an adapter that gathers
     * what its users write sends it there. It must not throw.
     */
    public void beforeSend(Runnable hook) {
        assert inLoop();
        beforeSend = hook;
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
        if (!inLoop()) {
            throw new WrongThreadException("the engine belongs to thread '" + owner.getName() + "', turned by '"
                    + Thread.currentThread().getName() + "'");
        }
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
        failover.requireRing();
        tasks.run();
        failover.requireRing(); // a task may have moved it
        leases.drainReturned();
        if (!timers.isEmpty()) {
            timers.run(nanoTime());
        }
        deliver();
        beforeSend.run();
        relieve();
        receiver.rearmAll();
        sender.submitAll();
        leases.publish();
        enter(timeoutNanos);
        ring.drain(dispatch, ring.cqEntries());
        if (ring.dropped() > 0 && !closed) {
            failover.rescue(Errno.EBADR); // before anything that came after the loss is believed
        }
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
                broken(-result);
            }
        } finally {
            tasks.awake();
        }
    }

    private void broken(int errno) {
        if (closed) {
            throw new EngineException("io_uring_enter", errno, "the ring is broken and closes");
        }
        failover.rescue(errno);
    }

    private long untilDeadline(long timeoutNanos) {
        if (timers.isEmpty()) {
            return timeoutNanos;
        }
        long next = Math.max(timers.untilNext(nanoTime()), 1);
        return timeoutNanos < 0 ? next : Math.min(next, timeoutNanos);
    }

    private boolean hasWork() {
        return !ready.isEmpty() || listenersChanged || sender.hasWork() || receiver.hasWork();
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
            if ((flags & Abi.IORING_CQE_F_MORE) == 0 && !closed && !failover.moving()) {
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
            case Ops.SHUTDOWN -> closer.shutdownCompleted(c, result);
            case Ops.WATCH -> receiver.watchCompleted(c, result, flags);
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
        listenersChanged = false;
        forEachListener(advanceStep);
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
        if (waits && !c.inWithoutCredit && credit == 0) {
            c.inWithoutCredit = true; // the steps of its close do not wait
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
        c.inWithoutCredit = false;
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
        if (leases.scarce() && (receiver.holdsRingBuffers() || sender.holdsRingBuffers())) {
            holders.drain(relieveStep);
        }
    }

    private void relieve(Connection c) {
        c.inHolders = false;
        boolean parked = receiver.copyParkedOut(c);
        boolean sending = sender.interruptBlocked(c);
        if (parked || sending) {
            c.inHolders = true;
            holders.add(c);
        }
    }

    /** {@code c} has received bytes that it holds in ring buffers. */
    void holdsRingBuffers(Connection c) {
        if (!c.inHolders) {
            c.inHolders = true;
            holders.add(c);
            if (holders.size() > 2 * slots.count() + HOLDERS_SWEEP_MIN) {
                holders.drain(sweepStep);
            }
        }
    }

    private void keepUnlessClosed(Connection c) {
        if (c.state == Connection.CLOSED) {
            c.inHolders = false;
        } else {
            holders.add(c);
        }
    }

    // ---- for its parts ------------------------------------------------------------------------------------------

    Ring ring() {
        return ring;
    }

    Timers timers() {
        return timers;
    }

    Kernel kernel() {
        return ladder.kernel();
    }

    long nanoTime() {
        return kernel().nanoTime();
    }

    /** Handles what has completed; nothing new is armed or submitted while a failover runs. */
    void drainCompletions() {
        ring.drain(dispatch, ring.cqEntries());
    }

    /** The old ring is closed: opens one on the next kernel. */
    void replaceRing() {
        Ring old = ring;
        ladder.next();
        ring = openRing();
        counters.enters += old.enters();
        counters.submissions += old.submitted();
        counters.completions += old.completions();
        counters.overflows += old.overflows();
        armWake();
    }

    boolean closed() {
        return closed;
    }

    boolean moving() {
        return failover.moving();
    }

    /** Whether what is received may have a gap before it. */
    boolean losing() {
        return failover.losing();
    }

    void forEachConnection(Consumer<Connection> action) {
        slots.forEach(action);
    }

    void forEachListener(Consumer<Listener> action) {
        for (int i = 0; i < listeners.size(); i++) {
            Listener listener = listeners.get(i);
            if (listener != null) {
                action.accept(listener);
            }
        }
    }

    /** Finishes a connect that another ring began, or begins it if the kernel never saw it. */
    void awaitConnected(Connection c) {
        if (c.connectAddress != null) {
            prepConnect(c);
            return;
        }
        c.inFlight++;
        ring.prepPoll(c.fd, Abi.POLLOUT, false, c.userData(Ops.CONNECT));
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

    void listenerCloses() {
        listenersChanged = true;
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
        forEachListener(Listener::close);
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
        if (turning) {
            throw new IllegalStateException("a report must not close its engine: end the loop that turns it");
        }
        closed = true;
        request(UNLIMITED);
        shutdown();
        slots.forEach(closer::reset);
        long deadline = nanoTime() + RETIRE_TIMEOUT_NANOS;
        try {
            reap(deadline);
        } finally {
            retire(deadline);
        }
    }

    private void reap(long deadline) {
        while (anythingOpen() && ring.brokenErrno() == 0) {
            long left = deadline - nanoTime();
            if (left <= 0) {
                return;
            }
            try {
                run(Math.min(left, REAP_STEP_NANOS));
            } catch (EngineException broken) {
                LOG.log(Level.WARNING, () -> "engine=closing ring=broken cause=" + broken.getMessage());
            }
        }
    }

    private boolean anythingOpen() {
        return slots.count() > 0 || !ready.isEmpty() || listeners.stream().anyMatch(Objects::nonNull);
    }

    private void retire(long deadline) {
        if (!ring.closed()) { // closed if a failover found no other one
            retireRing(deadline);
        }
        abandonAll();
        tasks.close(); // the last tasks may still release or send
        leases.orphan();
    }

    private void retireRing(long deadline) {
        ring.prepCancelAll(UserData.of(Ops.CANCEL, 0, 0));
        long left = deadline - nanoTime();
        while (ring.inFlight() > 0 && left > 0 && ring.submitAndWait(1, left) == 0) {
            ring.drain(dispatch, ring.cqEntries());
            left = deadline - nanoTime();
        }
        if (ring.inFlight() == 0) {
            leases.detach();
        } else {
            int inFlight = ring.inFlight();
            LOG.log(Level.WARNING, () -> "engine=closed in_flight=" + inFlight + " buffers=leaked on purpose, the"
                    + " kernel may still write into them");
        }
        slots.forEach(closer::settleClose);
        ring.close();
    }

    /** Whoever is left has no ring any more. */
    private void abandonAll() {
        slots.forEach(closer::abandoned);
        forEachListener(Listener::abandoned);
        slots.forEach(closer::abandoned); // who waited in a listener
        ready.drain(attendStep);
    }
}
