package io.hotpath.reactor;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One running {@code send(Publisher)}: asks for a few buffers, sends each, asks for more as they go out. The caller's own
 * bytes are copied by the engine, so they are given to it in bounded portions as earlier ones go out; leases are bounded by
 * the connection's quota. Its state belongs to the loop thread; signals from elsewhere are carried there in order.
 */
final class SendSubscriber implements CoreSubscriber<HotpathBuffer>, Subscription {
    /** Buffers that are asked for ahead of those that went out. */
    private static final int AHEAD = 32;

    private static final int REPLENISH = AHEAD / 2;

    /** Bytes of the caller's own that are with the engine at a time, and the largest portion of them. */
    private static final int WINDOW_BYTES = 64 << 10;

    // the low bits of what the engine hands back with each send
    private static final int BUFFER_ENDS = 1;
    private static final int OF_WINDOW = 2;
    private static final int TAG_BITS = 2;

    private static final AtomicReferenceFieldUpdater<SendSubscriber, @Nullable Subscription> UPSTREAM =
            AtomicReferenceFieldUpdater.newUpdater(SendSubscriber.class, Subscription.class, "upstream");

    private static final AtomicIntegerFieldUpdater<SendSubscriber> CARRIED =
            AtomicIntegerFieldUpdater.newUpdater(SendSubscriber.class, "carried");

    private final HotpathConnection connection;
    private final CoreSubscriber<? super Void> actual;
    private final Context context;

    /** Signals on their way to the loop. While there are any, those that come on the loop thread queue behind them. */
    private volatile int carried;

    /** Set once by the publisher's thread, cancelled by the loop thread; the publisher's end counts as cancelled. */
    private volatile @Nullable Subscription upstream;

    // loop thread

    /** What cannot be sent yet; null until something had to wait. */
    private @Nullable ArrayDeque<HotpathBuffer> waiting;

    private int headSent;
    private long withEngine;
    private long token;
    private int outstanding;
    private int wentOut;
    private boolean complete;
    private boolean over;

    SendSubscriber(HotpathConnection connection, CoreSubscriber<? super Void> actual) {
        this.connection = connection;
        this.actual = actual;
        context = Ownership.discarding(actual.currentContext());
    }

    /** Returns whether there is still somebody to send for, and a connection to send on. */
    boolean begin() {
        actual.onSubscribe(this);
        if (!over) {
            token = connection.outbounds().add(this);
        }
        return !over;
    }

    // ---- from the publisher: any thread -------------------------------------------------------------------------

    @Override
    public Context currentContext() {
        return context;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.setOnce(UPSTREAM, this, subscription)) {
            subscription.request(AHEAD);
        }
    }

    @Override
    public void onNext(HotpathBuffer buffer) {
        if (direct()) {
            take(buffer);
            return;
        }
        HotpathBuffer moved;
        try {
            moved = Ownership.move(buffer); // or the onNext it leaves would release it
        } catch (IllegalStateException notOurs) {
            carry(() -> fail(notOurs)); // released or sent before
            return;
        }
        if (!carry(() -> take(moved))) {
            Ownership.discard(moved);
        }
    }

    @Override
    public void onError(Throwable failure) {
        Objects.requireNonNull(failure);
        UPSTREAM.set(this, Operators.cancelledSubscription()); // it has ended: there is nothing to ask of it any more
        if (direct()) {
            fail(failure);
        } else {
            carry(() -> fail(failure));
        }
    }

    @Override
    public void onComplete() {
        UPSTREAM.set(this, Operators.cancelledSubscription());
        if (direct()) {
            completed();
        } else {
            carry(this::completed);
        }
    }

    /** Signals come one after the other, so nobody adds to {@code carried} in between. */
    private boolean direct() {
        return connection.inLoop() && carried == 0;
    }

    /** False if the loop is gone; the connection went before it and said so to {@code actual}. */
    private boolean carry(Runnable signal) {
        CARRIED.incrementAndGet(this);
        return connection.later(() -> {
            CARRIED.decrementAndGet(this);
            signal.run();
        });
    }

    // ---- loop thread --------------------------------------------------------------------------------------------

    private void take(HotpathBuffer buffer) {
        if (over) {
            Ownership.discard(buffer);
            return;
        }
        try {
            HotpathBuffer own = connection.localized(buffer);
            if (own instanceof LeasedBuffer leased && nothingWaits()) {
                send(leased);
            } else {
                sendInTurn(own);
            }
        } catch (IllegalStateException notOurs) {
            fail(notOurs); // released or sent before
        }
    }

    private void sendInTurn(HotpathBuffer buffer) {
        ArrayDeque<HotpathBuffer> queue = waiting;
        if (queue == null) {
            queue = new ArrayDeque<>(0);
            waiting = queue;
        }
        queue.add(buffer);
        sendWaiting(queue);
    }

    private void sendWaiting(ArrayDeque<HotpathBuffer> queue) {
        for (HotpathBuffer head = queue.peek(); head != null; head = queue.peek()) {
            switch (head) {
                case LeasedBuffer leased -> {
                    queue.remove();
                    send(leased);
                }
                case HeapBuffer heap -> {
                    if (withEngine >= WINDOW_BYTES) {
                        return;
                    }
                    if (sendPortion(heap.held())) {
                        queue.remove();
                    }
                }
            }
        }
    }

    private boolean nothingWaits() {
        return waiting == null || waiting.isEmpty();
    }

    private void send(LeasedBuffer leased) {
        connection.sendLease(leased, token << TAG_BITS | BUFFER_ENDS);
        outstanding++;
    }

    /** Returns whether that was the last of {@code bytes}. */
    private boolean sendPortion(byte[] bytes) {
        int from = headSent;
        int count = Math.min(bytes.length - from, WINDOW_BYTES);
        boolean last = from + count == bytes.length;
        headSent = last ? 0 : from + count;
        withEngine += count;
        outstanding++;
        connection.sendBytes(bytes, from, count, token << TAG_BITS | OF_WINDOW | (last ? BUFFER_ENDS : 0));
        return last;
    }

    private void completed() {
        complete = true;
        completeIfAllSent();
    }

    // ---- from the connection: loop thread -----------------------------------------------------------------------

    boolean owns(long tag) {
        return tag >>> TAG_BITS == token;
    }

    /** Whether everything that came has gone out. */
    boolean idle() {
        return outstanding == 0 && nothingWaits() && carried == 0;
    }

    void sent(long tag, long bytes, int errno) {
        outstanding--;
        if (errno != 0) {
            fail(cause(errno));
            return;
        }
        if ((tag & OF_WINDOW) != 0) {
            withEngine -= bytes;
            ArrayDeque<HotpathBuffer> queue = waiting;
            if (queue != null) {
                sendWaiting(queue);
            }
        }
        wentOut += (int) (tag & BUFFER_ENDS);
        Subscription subscription = upstream;
        if (wentOut >= REPLENISH && !complete && subscription != null && !connection.draining()) {
            wentOut -= REPLENISH;
            subscription.request(REPLENISH);
        }
        completeIfAllSent();
    }

    void connectionClosed(int errno) {
        fail(cause(errno));
    }

    private void completeIfAllSent() {
        if (complete && outstanding == 0 && nothingWaits() && !over) {
            end();
            actual.onComplete();
        }
    }

    private void fail(Throwable cause) {
        if (over) {
            Operators.onErrorDropped(cause, actual.currentContext());
        } else {
            end();
            actual.onError(cause);
        }
    }

    private void end() {
        over = true;
        connection.outbounds().remove(this);
        Operators.terminate(UPSTREAM, this);
        if (waiting != null) {
            waiting.forEach(Ownership::discard);
            waiting = null;
        }
    }

    private static IOException cause(int errno) {
        IOException cause = Failures.of(errno);
        return cause == null ? new IOException("the connection was closed before everything was sent") : cause;
    }

    // ---- from whoever waits for the end: any thread -------------------------------------------------------------

    @Override
    public void request(long n) {
        // nothing to emit but the end
    }

    @Override
    public void cancel() {
        connection.onLoop(() -> {
            if (!over) {
                end();
            }
        });
    }
}
