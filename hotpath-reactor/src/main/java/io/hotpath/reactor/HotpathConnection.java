package io.hotpath.reactor;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

/**
 * A connection of a stream. Any thread; calls from another thread than the loop's are carried there in order.
 *
 * <p>It is used in one of two ways, which the first call decides. With {@link #startRecv()} and {@link
 * #send(HotpathBuffer)} its receives and sends are events of the stream, under the stream's demand. With {@link #receive()}
 * and {@link #send(Publisher)} they are its own, under its own demand; the stream still gives its {@code Accept} and its
 * {@code Close}.
 *
 * {@snippet class="io.hotpath.snippets.ConnectionSnippets" region="own"}
 *
 * {@snippet class="io.hotpath.snippets.ConnectionSnippets" region="retain"}
 *
 * {@snippet class="io.hotpath.snippets.ConnectionSnippets" region="halfClose"}
 */
public final class HotpathConnection {
    private static final System.Logger LOG = System.getLogger(HotpathConnection.class.getName());

    private final Connection connection;
    private final Engine engine;

    // all of these on the loop thread
    private boolean events;
    private boolean draining;
    private @Nullable ReceiveFlux receive;
    private final Outbounds outbounds = new Outbounds();
    @Nullable Runnable onClose;

    /** Written by the loop thread when it is closed, read by any. */
    private volatile boolean closed;

    /** Written by the loop thread, read by any. */
    private volatile boolean inputCut;

    /** Each asked by whoever first needs it; all get the same answer. */
    private volatile @Nullable SocketAddress remoteAddress;

    private volatile @Nullable SocketAddress localAddress;

    /** Made by whoever first needs it. */
    private volatile @Nullable Map<AttributeKey<?>, Object> attributes;

    HotpathConnection(Connection connection) {
        this.connection = connection;
        engine = connection.engine();
    }

    // ---- as events ----------------------------------------------------------------------------------------------

    /**
     * Starts receiving as {@code Recv} events. The connection closes by itself once its peer has ended its side, every
     * buffer has been released or sent, and everything to send has gone out.
     *
     * <p>There is no event for the peer's end, only the {@code Close} that follows. Who answers after the end of a request,
     * and so has to hear of it first, uses {@link #receive()}, which completes then while sending goes on.
     *
     * @throws IllegalStateException if {@link #receive()} or {@link #send(Publisher)} has taken it out of the stream
     */
    public void startRecv() {
        onLoop(() -> {
            asEvents();
            connection.start(true);
            connection.request(Long.MAX_VALUE); // the stream's demand gates it
        });
    }

    /** Sends a buffer, which is the connection's from here on. One {@code Send} event tells how it went. */
    public void send(HotpathBuffer buffer) {
        send(buffer, 0);
    }

    /**
     * Sends a buffer; its {@code Send} event carries {@code token}. On a connection whose {@code Close} came before, the buffer
     * is released and nothing follows.
     *
     * @throws IllegalStateException if the buffer was released or sent before, or {@link #receive()} or {@link
     *                               #send(Publisher)} has taken the connection out of the stream
     */
    public void send(HotpathBuffer buffer, long token) {
        if (inLoop()) {
            asEvents();
            sendNow(buffer, token);
            return;
        }
        HotpathBuffer moved = Ownership.move(buffer); // or the onNext that it leaves would release it
        Runnable send = () -> {
            try {
                asEvents();
                sendNow(moved, token);
            } catch (IllegalStateException refused) {
                Ownership.discard(moved);
                throw refused;
            }
        };
        if (!later(send)) {
            Ownership.discard(moved);
        }
    }

    private void sendNow(HotpathBuffer buffer, long token) {
        switch (localized(buffer)) {
            case LeasedBuffer leased -> sendLease(leased, token);
            case HeapBuffer heap -> {
                byte[] bytes = heap.held();
                sendBytes(bytes, 0, bytes.length, token);
            }
        }
    }

    private void asEvents() {
        if (receive != null) {
            throw new IllegalStateException("this connection left the event stream: use receive() and send(Publisher)");
        }
        events = true;
    }

    // ---- on its own ---------------------------------------------------------------------------------------------

    /**
     * What it receives, for one subscriber, under that subscriber's demand. Completes when the peer has ended its side and
     * everything before was received; fails with the peer's error, and when the connection is closed before, so that half a
     * message never looks like a whole one. A buffer is released after {@code onNext} unless it was sent or {@linkplain
     * HotpathBuffer#retain() retained} there.
     */
    public Flux<HotpathBuffer> receive() {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super HotpathBuffer> actual) {
                if (!onLoop(() -> subscribeReceive(actual))) {
                    Operators.error(actual, gone());
                }
            }
        };
    }

    /**
     * Sends what {@code buffers} publishes, from any thread; each buffer is the connection's from its {@code onNext} on, and
     * those that operators above discard are released. Asks for more as earlier ones go out. Completes when everything has
     * gone out, fails when the publisher or the connection does.
     */
    public Mono<Void> send(Publisher<? extends HotpathBuffer> buffers) {
        return new SendMono(this, buffers);
    }

    private void subscribeReceive(CoreSubscriber<? super HotpathBuffer> actual) {
        try {
            claim().subscribe(actual);
        } catch (IllegalStateException wrongUse) {
            Operators.error(actual, wrongUse);
        }
    }

    /** Takes the connection out of the event stream and starts it; loop thread. */
    ReceiveFlux claim() {
        ReceiveFlux flux = receive;
        if (flux == null) {
            if (events) {
                throw new IllegalStateException(
                        "this connection's receives are events: it was started with startRecv()");
            }
            flux = new ReceiveFlux(this, connection);
            receive = flux;
            connection.leaveCredit();
            if (!closed) {
                connection.start(false);
            }
        }
        return flux;
    }

    // ---- ends ---------------------------------------------------------------------------------------------------

    /** Ends this side once everything before has gone out; receiving goes on. */
    public void shutdownOutput() {
        onLoop(connection::shutdownOutput);
    }

    /** Closes in order: what was given to send goes out first. */
    public void close() {
        onLoop(connection::close);
    }

    /** Closes at once; the peer sees "Connection reset by peer". */
    public void reset() {
        onLoop(connection::reset);
    }

    /** Whether it is closed. */
    public boolean closed() {
        return closed;
    }

    // ---- facts --------------------------------------------------------------------------------------------------

    /**
     * The peer's address, asked from the kernel by the first call and remembered.
     *
     * @throws IOException if it is closed and was never asked before
     */
    public SocketAddress remoteAddress() throws IOException {
        SocketAddress known = remoteAddress;
        if (known == null) {
            known = connection.remoteAddress();
            remoteAddress = known;
        }
        return known;
    }

    /**
     * The address of this side, asked from the kernel by the first call and remembered.
     *
     * @throws IOException if it is closed and was never asked before
     */
    public SocketAddress localAddress() throws IOException {
        SocketAddress known = localAddress;
        if (known == null) {
            known = connection.localAddress();
            localAddress = known;
        }
        return known;
    }

    /**
     * Whether {@code receive()} was completed here, because the server is being stopped in order, and not by the peer's end:
     * for protocols in which the peer's end says that a message is whole.
     */
    public boolean inputCut() {
        return inputCut;
    }

    /** The value that was kept with this connection for {@code key}, {@code null} if there is none. */
    @SuppressWarnings("unchecked") // attribute() has put a T there
    public <T> @Nullable T attribute(AttributeKey<T> key) {
        Map<AttributeKey<?>, Object> all = attributes;
        return all == null ? null : (T) all.get(key);
    }

    /** Keeps {@code value} with this connection; {@code null} removes it. */
    public <T> void attribute(AttributeKey<T> key, @Nullable T value) {
        if (value == null) {
            attributes().remove(key);
        } else {
            attributes().put(key, value);
        }
    }

    /** Keeps all of {@code values}; no map is made for nothing. */
    void attributes(Map<AttributeKey<?>, Object> values) {
        if (!values.isEmpty()) {
            attributes().putAll(values);
        }
    }

    private Map<AttributeKey<?>, Object> attributes() {
        Map<AttributeKey<?>, Object> all = attributes;
        if (all == null) {
            synchronized (this) {
                all = attributes;
                if (all == null) {
                    all = new ConcurrentHashMap<>(4);
                    attributes = all;
                }
            }
        }
        return all;
    }

    @Override
    public String toString() {
        return connection.toString();
    }

    /** For tests. */
    Connection engineConnection() {
        return connection;
    }

    // ---- its loop -----------------------------------------------------------------------------------------------

    /**
     * The connection's loop as a scheduler: for timers ({@code Mono.delay(d, connection.scheduler())}, {@code timeout}) and to
     * come back to the loop ({@code publishOn}). Tasks run on the loop thread, which must not block, one at a time and in order;
     * one with a delay runs in the first turn after it. On a simulated kernel time is virtual.
     *
     * {@snippet class="io.hotpath.snippets.BlockingSnippets" region="timers"}
     *
     * <p>When the loop ends it runs the tasks that are due, forgets the others, and from then on refuses with {@link
     * RejectedExecutionException}. Disposing the scheduler does nothing.
     */
    public Scheduler scheduler() {
        return new LoopScheduler(engine);
    }

    /**
     * Does {@code work}, which may block, on a thread of {@code Schedulers.boundedElastic()}, and comes back to the loop with its
     * result; {@code null} completes empty. Nothing happens before somebody subscribes; cancelling interrupts the work.
     *
     * {@snippet class="io.hotpath.snippets.BlockingSnippets" region="call"}
     */
    public <T> Mono<T> blocking(Callable<? extends T> work) {
        return Handoff.call(work, scheduler());
    }

    /**
     * As {@link #blocking(Callable)}, for work on a buffer. Subscribing moves the buffer to the work, as sending moves it to the
     * connection, so it has to happen within the buffer's {@code onNext}. It is released when the work has ended, also by an
     * exception, or when it is cancelled before it began; the work may release it earlier, and read it wherever it runs.
     *
     * {@snippet class="io.hotpath.snippets.BlockingSnippets" region="buffer"}
     *
     * <p>{@code concatMap} takes a prefetch of 0 here, so that the next buffer is asked for when the work before is done. With
     * more, buffers would wait beyond their {@code onNext}: {@linkplain HotpathBuffer#retain() retain} them then.
     */
    public <T> Mono<T> blocking(HotpathBuffer buffer, Function<? super HotpathBuffer, ? extends T> work) {
        return Handoff.call(buffer, work, scheduler());
    }

    // ---- for the stream: loop thread ----------------------------------------------------------------------------

    @Nullable
    ReceiveFlux ownReceive() {
        return receive;
    }

    Outbounds outbounds() {
        return outbounds;
    }

    boolean inLoop() {
        return engine.inLoop();
    }

    /** {@code buffer} as one that this connection's engine can send; the caller gives it up. */
    HotpathBuffer localized(HotpathBuffer buffer) {
        return switch (buffer) {
            case LeasedBuffer own when own.isOf(engine.leases()) -> own;
            case LeasedBuffer other -> {
                HotpathBuffer copy = new HeapBuffer(other.toByteArray()); // of another loop's ring
                other.release();
                yield copy;
            }
            case HeapBuffer heap -> heap.move();
        };
    }

    void sendLease(LeasedBuffer leased, long token) {
        if (closed) {
            leased.release(); // the engine may be gone too; nothing follows a close
        } else {
            connection.send(leased.own(), token);
        }
    }

    void sendBytes(byte[] bytes, int offset, int count, long token) {
        if (!closed) {
            connection.send(bytes, offset, count, token);
        }
    }

    /** Asks for {@code n} more receives, unless it is about to close. */
    void request(long n) {
        if (!closed && !draining) {
            connection.request(n);
        }
    }

    /** Whether nobody is to ask publishers for more to send. */
    boolean draining() {
        return draining;
    }

    /** Receives no more, and closes in order once everything that was given to send has gone out. */
    void drain() {
        if (!draining && !closed) {
            draining = true;
            connection.pause();
            closeIfDrained();
        }
    }

    /** Ends what it receives as if the peer had ended its side; sending goes on. Of a connection on its own. */
    void cutInput() {
        ReceiveFlux flux = receive;
        if (flux != null && !closed && !flux.ended()) {
            inputCut = true;
            flux.cut();
        }
    }

    void closeIfDrained() {
        if (draining && outbounds.idle()) {
            connection.close();
        }
    }

    /** The last that it hears, once. Whatever a subscriber throws, the others hear it too. */
    void ended(int errno) {
        closed = true;
        ReceiveFlux flux = receive;
        if (flux != null) {
            tell(() -> flux.closed(errno));
        }
        tell(() -> outbounds.closed(errno));
        Runnable action = onClose;
        if (action != null) {
            onClose = null;
            tell(action);
        }
    }

    private void tell(Runnable end) {
        try {
            end.run();
        } catch (Throwable thrown) {
            LOG.log(Level.WARNING, () -> this + " subscriber=failed at=close", thrown);
        }
    }

    /** Runs {@code action} on the loop, now if that is this thread; false if the loop is gone, and with it the connection. */
    boolean onLoop(Runnable action) {
        if (inLoop()) {
            action.run();
            return true;
        }
        return later(action);
    }

    /** Runs {@code action} on the loop in its next turn; false if the loop is gone, and with it the connection. */
    boolean later(Runnable action) {
        try {
            engine.execute(action);
            return true;
        } catch (RejectedExecutionException ended) {
            return false;
        }
    }

    static IOException gone() {
        return new IOException("the connection is closed, and its loop has ended");
    }
}
