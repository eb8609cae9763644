package io.hotpath.reactor;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/**
 * A connection of a stream. Any thread; calls from another thread than the loop's are carried there in order.
 *
 * <p>It is used in one of two ways, which the first call decides. With {@link #startRecv()} and {@link
 * #send(HotpathBuffer)} its receives and sends are events of the stream, under the stream's demand. With {@link #receive()}
 * and {@link #send(Publisher)} they are its own, under its own demand; the stream still gives its {@code Accept} and its
 * {@code Close}.
 */
public final class HotpathConnection {
    private final Connection connection;
    private final Engine engine;

    // all of these on the loop thread
    private boolean events;
    private @Nullable ReceiveFlux receive;
    private final Outbounds outbounds = new Outbounds();
    @Nullable Runnable onClose;

    /** Written by the loop thread when it is closed, read by any. */
    private volatile boolean closed;

    HotpathConnection(Connection connection) {
        this.connection = connection;
        engine = connection.engine();
    }

    // ---- as events ----------------------------------------------------------------------------------------------

    /**
     * Starts receiving as {@code Recv} events. The connection closes by itself once its peer has ended its side, every
     * buffer has been released or sent, and everything to send has gone out.
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

    /** Sends a buffer; its {@code Send} event carries {@code token}. */
    public void send(HotpathBuffer buffer, long token) {
        switch (taken(buffer)) {
            case LeasedBuffer leased -> onLoopOrRelease(leased, () -> {
                asEvents();
                sendNow(leased, token);
            });
            case HeapBuffer heap -> onLoop(() -> {
                asEvents();
                sendNow(heap, token);
            });
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
     * What it receives, for one subscriber, under that subscriber's demand. Completes when the peer ends its side or the
     * connection is closed; fails with the peer's error. A buffer is released after {@code onNext} unless it was sent or
     * {@linkplain HotpathBuffer#retain() retained} there.
     */
    public Flux<HotpathBuffer> receive() {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super HotpathBuffer> actual) {
                onLoop(() -> subscribeReceive(actual));
            }
        };
    }

    /**
     * Sends what {@code buffers} publishes; each buffer is the connection's from its {@code onNext} on. Asks for more as
     * earlier ones go out. Completes when everything has gone out, fails when the publisher or the connection does.
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
            flux = new ReceiveFlux(connection);
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

    /** The peer's address, asked from the kernel when called. */
    public SocketAddress remoteAddress() throws IOException {
        return connection.remoteAddress();
    }

    /** The address of this side, asked from the kernel when called. */
    public SocketAddress localAddress() throws IOException {
        return connection.localAddress();
    }

    @Override
    public String toString() {
        return connection.toString();
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

    void sendNow(HotpathBuffer buffer, long token) {
        switch (buffer) {
            case LeasedBuffer leased when leased.leases() == engine.leases() -> connection.send(leased.lease(), token);
            case LeasedBuffer other -> {
                byte[] copy = other.toByteArray(); // of another loop's ring
                other.release();
                connection.send(copy, 0, copy.length, token);
            }
            case HeapBuffer heap -> {
                byte[] bytes = heap.held();
                connection.send(bytes, 0, bytes.length, token);
                heap.release();
            }
        }
    }

    void ended(int errno) {
        closed = true;
        ReceiveFlux flux = receive;
        if (flux != null) {
            flux.closed(errno);
        }
        outbounds.closed(errno);
        Runnable action = onClose;
        if (action != null) {
            onClose = null;
            action.run();
        }
    }

    /** A buffer that crosses threads must not be released by the {@code onNext} that it leaves. */
    private HotpathBuffer taken(HotpathBuffer buffer) {
        return inLoop() ? buffer : buffer.retain();
    }

    void onLoop(Runnable action) {
        if (engine.inLoop()) {
            action.run();
        } else {
            try {
                engine.execute(action);
            } catch (RejectedExecutionException ended) {
                // the loop is gone, and with it this connection
            }
        }
    }

    private void onLoopOrRelease(LeasedBuffer buffer, Runnable action) {
        if (engine.inLoop()) {
            action.run();
        } else {
            try {
                engine.execute(action);
            } catch (RejectedExecutionException ended) {
                buffer.discard();
            }
        }
    }
}
