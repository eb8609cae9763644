package io.hotpath.engine;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.ring.KernelLadder;
import io.hotpath.ring.Ring;
import io.hotpath.ring.UserData;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
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
    /** A power of two. */
    private static final int TURNS_PER_CLOCK = 16;

    final Counters counters = new Counters();
    final Listeners listeners = new Listeners();
    final Reporter reporter = new Reporter(this);
    final Connector connector;
    final Parked parked;
    final Watcher watcher = new Watcher(this);
    final Receiver receiver;
    final Sender sender;
    final SendCalls sendCalls;
    final Closer closer;
    final Relief relief;

    private final Thread owner = Thread.currentThread();
    private final KernelLadder ladder;
    private final Failover failover;
    private final EngineConfig config;
    private final Leases leases;

    /** Written by the loop thread, which alone uses it but for waking; a waker that reads an older one meets a loop awake. */
    private volatile Ring ring;

    private final Pulse pulse = new Pulse();
    private final Tasks tasks = new Tasks();
    private final Timers timers = new Timers();
    private final SlotTable slots;
    private final Dispatcher dispatcher;
    private final Sweeper sweeper;

    private Runnable beforeSend = () -> {};
    private final long busyPollNanos;
    private long turns;

    /** When something completed last, if busy polling asks for it. */
    private long completedNanos;

    private boolean turning;
    private boolean timeIsUp;
    private boolean closed;

    private Engine(KernelLadder ladder, EngineConfig config) {
        this.ladder = ladder;
        this.config = config;
        busyPollNanos = config.busyPoll().toNanos();
        leases = new Leases(this, ladder.kernel(), config);
        slots = new SlotTable(config.connectionsMax());
        connector = new Connector(this, config);
        parked = new Parked(this, config);
        receiver = new Receiver(this, config);
        OutboundPool pool = new OutboundPool();
        sender = new Sender(this, pool, config);
        sendCalls = new SendCalls(this, pool, config);
        closer = new Closer(this, config);
        relief = new Relief(this, config);
        dispatcher = new Dispatcher(this, slots);
        failover = new Failover(this);
        sweeper = new Sweeper(this, slots, config.limits());
        try {
            ring = openRing();
        } catch (RuntimeException | Error failed) {
            leases.discard();
            throw failed;
        }
        armWake();
        Watchdog.SHARED.watch(pulse);
    }

    private Ring openRing() {
        Ring opened = ladder.open(config.ringSetup(), candidate -> {
            leases.attach(candidate);
            return candidate;
        });
        Flight.kernelOpened(kernel().name(), ladder.refusal());
        return opened;
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
                kernel().name(), ladder.refusal(), turns, c.enters + ring.enters(), c.submissions + ring.submitted(),
                c.completions + ring.completions(), c.overflows + ring.overflows(),
                slots.count(), c.accepted, c.acceptErrors, c.acceptPauses, c.refused, c.closedInOrder,
                c.closedByFailure, c.closedByReset, c.closeDeadlines, c.bytesIn, c.bytesOut, c.receives, c.sends,
                c.sendShort, c.enobufs, c.parks, c.rearms, c.copiedOut, c.reserveServed, c.quotaStuck,
                leases.applicationHeld(), leases.copiesHeld(), leases.mainFree(),
                leases.ringBuffersOf(BufferOwners.KERNEL), leases.ringBuffersOf(BufferOwners.ENGINE),
                leases.ringBuffersOf(BufferOwners.APPLICATION), leases.ringBuffersOf(BufferOwners.FREE),
                c.staleCompletions, c.staleLeases.sum(), c.unexpectedErrnos, c.handlerFailures,
                c.leakedBytes, pulse.blocked(), c.failovers, c.closedByLoss,
                c.movedSending, c.movedParked, c.sendsRefused, c.timeoutsFirstByte, c.timeoutsIdle, c.timeoutsRead,
                c.timeoutsWrite, c.resetsForRoom);
    }

    public EngineConfig config() {
        return config;
    }

    // ---- listen and connect -------------------------------------------------------------------------------------

    /**
     * Accepts on sockets that were opened for several loops, each loop with its own shard.
     *
     * @param sockets from {@link ListenAddress#bind}
     * @param shard   which of the sockets, from 0 on
     */
    public Listener listen(ListenAddress sockets, int shard, ListenerHandler handler) {
        assert inLoop();
        requireOpen();
        int index = listeners.free();
        Listener listener = new Listener(
                this, index, sockets.take(shard), handler, config.acceptWaitMax());
        listeners.set(index, listener);
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
        try {
            connection.connect(address, timeoutNanos);
        } catch (IllegalArgumentException refused) {
            connector.giveUp(connection); // nobody else has it
            throw refused;
        }
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
        return connector.socket(like, handler);
    }

    /**
     * Goes on with a connection that left another engine by {@link Connection#detach}. It is not started.
     *
     * @throws IllegalStateException if the engine is closed or {@code connectionsMax} is reached; the descriptor is closed then
     */
    public Connection attach(int descriptor, ConnectionHandler handler) {
        assert inLoop();
        return connector.attach(descriptor, handler);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the engine is closed");
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

    /**
     * Runs {@code task} in the first turn after {@code delayNanos}. Loop thread.
     *
     * @throws RejectedExecutionException if the engine is closed
     */
    public EngineTimer schedule(long delayNanos, Runnable task) {
        assert inLoop();
        if (closed) {
            throw Tasks.refused();
        }
        return after(delayNanos, () -> Tasks.run(task));
    }

    /** The clock of {@link #schedule}: {@link System#nanoTime}, or the virtual time of a simulated kernel. Any thread. */
    public long nanoTime() {
        return kernel().nanoTime();
    }

    /**
     * What its thread does between two turns counts as its handlers' work: a loop of an adapter that runs tasks there. The
     * watchdog then finds a task that blocks, as it finds a handler that does.
     */
    public void ownsThread() {
        assert inLoop();
        pulse.alwaysRuns();
    }

    // ---- credit -------------------------------------------------------------------------------------------------

    /** From now on each accept, receive, send and close report needs credit from {@link #request}. */
    public void requireCredit() {
        assert inLoop();
        reporter.requireCredit();
    }

    /** Permits {@code n} more reports. {@code Long.MAX_VALUE} takes the limit away. */
    public void request(long n) {
        assert inLoop();
        reporter.request(n);
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
        pulse.runs();
        try {
            turn(timeoutNanos);
        } finally {
            turning = false;
            pulse.leaves();
        }
    }

    private void turn(long timeoutNanos) {
        turns++;
        failover.requireRing();
        tasks.run();
        failover.requireRing(); // a task may have moved it
        leases.drainReturned();
        runTimers();
        deliver();
        beforeSend.run();
        relief.relieve();
        receiver.rearmAll();
        sender.submitAll();
        sweeper.sweep();
        leases.publish();
        boolean waited = enter(timeoutNanos);
        int completed = ring.drain(dispatcher, ring.cqEntries());
        timeIsUp = waited && completed == 0;
        if (busyPollNanos > 0 && completed > 0) {
            completedNanos = nanoTime();
        }
        if (ring.dropped() > 0 && !closed) {
            failover.rescue(Errno.EBADR); // before anything that came after the loss is believed
        }
        deliver();
    }

    /**
     * A wait that something ended was shorter than the time to the first deadline, so the clock is read when a wait or a watch ran
     * out, and now and then in turns that do not wait.
     */
    private void runTimers() {
        if (!timers.isEmpty() && (timeIsUp || (turns & TURNS_PER_CLOCK - 1) == 0)) {
            timers.run(nanoTime());
        }
    }

    /** Returns whether it waited, or had no time to. */
    private boolean enter(long timeoutNanos) {
        pulse.waits();
        boolean idle = timeoutNanos != 0 && !hasWork();
        long left = idle ? untilDeadline(timeoutNanos) : 0;
        if (idle && busyPollNanos > 0) {
            left = watchRing(left);
        }
        boolean mayWait = left != 0 && !busyPolls() && tasks.goToSleep();
        try {
            if (mayWait && leases.anyReturned()) {
                mayWait = false; // a foreign release that came before it could see us asleep
            }
            int result = ring.submitAndWait(mayWait ? 1 : 0, mayWait ? left : 0);
            pulse.wakes();
            if (result < 0) {
                broken(-result);
            }
            return mayWait || (idle && left == 0);
        } finally {
            tasks.awake();
        }
    }

    /**
     * Looks for a sign of the ring as long as it busy-polls: a system call for each look would take longer than what it waits for.
     *
     * @return what is left of {@code timeoutNanos}, which is negative without a limit
     */
    private long watchRing(long timeoutNanos) {
        if (!ring.showsWork() || ring.hasUnsubmitted() || !busyPolls()) {
            return timeoutNanos;
        }
        long begun = nanoTime();
        long watched = 0;
        while (busyPolls() && tasks.quiet() && !ring.hasSign() && (timeoutNanos < 0 || watched < timeoutNanos)) {
            Thread.onSpinWait();
            watched = nanoTime() - begun;
        }
        return timeoutNanos < 0 ? timeoutNanos : Math.max(timeoutNanos - watched, 0);
    }

    /** Whether the next completion is so likely to come soon that sleeping would cost more than looking again. */
    private boolean busyPolls() {
        return busyPollNanos > 0 && nanoTime() - completedNanos < busyPollNanos;
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
        return !reporter.isEmpty() || listeners.changed() || sender.hasWork() || receiver.hasWork()
                || sweeper.hasWork();
    }

    /** Reports what can be reported: parked bytes, finished sends, steps of a close, waiting accepts. */
    private void deliver() {
        listeners.advance();
        reporter.deliver();
    }

    // ---- for its parts ------------------------------------------------------------------------------------------

    Ring ring() {
        return ring;
    }

    Timers timers() {
        return timers;
    }

    /** Runs {@code action} in the first turn after {@code delayNanos}, which may be as long as a {@code long} can say. */
    Timers.Timer after(long delayNanos, Runnable action) {
        return timers.at(nanoTime() + Math.clamp(delayNanos, 0, Timers.DELAY_NANOS_MAX), action);
    }

    Kernel kernel() {
        return ladder.kernel();
    }

    /** Handles what has completed; nothing new is armed or submitted while a failover runs. */
    void drainCompletions() {
        ring.drain(dispatcher, ring.cqEntries());
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
        receiver.ringReplaced();
        armWake();
    }

    void armWake() {
        int events = Abi.POLLIN | Abi.EPOLLET;
        ring.prepPoll(ring.kernelRing().wakeFd(), events, true, UserData.of(Ops.WAKE, 0, 0));
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

    void cancel(long userData) {
        ring.prepCancel(userData, UserData.of(Ops.CANCEL, 0, 0));
    }

    @Nullable
    Connection occupy(int fd, byte state) {
        sweeper.opened();
        return slots.occupy(this, fd, state);
    }

    void vacate(Connection c) {
        slots.vacate(c);
    }

    /** Whether there is a listener, a connection or a report that waits. */
    boolean anythingOpen() {
        return connections() > 0 || !reporter.isEmpty() || !listeners.isEmpty();
    }

    void closeTasks() {
        tasks.close();
    }

    // ---- the end ------------------------------------------------------------------------------------------------

    /** Open connections, accepted ones that wait for credit included. */
    public int connections() {
        return slots.count();
    }

    /** Closes each listener and, in order, each connection; reports go on. */
    public void shutdown() {
        assert inLoop();
        listeners.forEach(Listener::close);
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
        Watchdog.SHARED.leave(pulse);
        new Retirement(this).run();
    }
}
