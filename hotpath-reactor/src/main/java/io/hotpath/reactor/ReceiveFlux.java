package io.hotpath.reactor;

import io.hotpath.engine.Connection;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;

/** What one connection receives. Signals come on the loop thread; its subscriber's demand is the connection's. */
final class ReceiveFlux extends Flux<HotpathBuffer> implements Subscription {
    private final HotpathConnection own;
    private final Connection connection;

    // loop thread
    private @Nullable CoreSubscriber<? super HotpathBuffer> actual;
    private boolean subscribed;
    private boolean ended;
    private boolean over;
    private @Nullable IOException failure;

    /** Any thread sets it, once; the loop reads it before each signal. */
    private volatile boolean cancelled;

    ReceiveFlux(HotpathConnection own, Connection connection) {
        this.own = own;
        this.connection = connection;
    }

    @Override
    public void subscribe(CoreSubscriber<? super HotpathBuffer> subscriber) {
        if (subscribed) {
            Operators.error(subscriber, new IllegalStateException("receive() takes one subscriber: share() it"));
        } else {
            subscribed = true;
            actual = subscriber;
            subscriber.onSubscribe(this);
            terminateIfOver();
        }
    }

    @Override
    public void request(long n) {
        if (own.inLoop()) {
            requestNow(n); // without a task, because operators ask for one more from within onNext
        } else {
            own.later(() -> requestNow(n));
        }
    }

    private void requestNow(long n) {
        if (cancelled || over) {
            return;
        }
        if (n <= 0) {
            fail(new IllegalArgumentException("demand is " + n + ", must be at least 1 (Reactive Streams 3.9)"));
        } else {
            own.request(n);
        }
    }

    @Override
    public void cancel() {
        if (!cancelled) {
            cancelled = true;
            own.onLoop(() -> {
                actual = null;
                connection.pause();
            });
        }
    }

    // ---- from the stream: loop thread ---------------------------------------------------------------------------

    void received(LeasedBuffer buffer) {
        CoreSubscriber<? super HotpathBuffer> subscriber = actual;
        if (subscriber == null || cancelled || over) {
            buffer.discard();
            return;
        }
        subscriber.onNext(buffer);
        buffer.releaseUnlessTaken();
    }

    void inputEnded() {
        ended = true;
        terminateIfOver();
    }

    boolean ended() {
        return ended || over;
    }

    /** Ends as if the peer had. */
    void cut() {
        connection.pause();
        inputEnded();
    }

    void closed(int errno) {
        if (!ended) {
            ended = true;
            IOException cause = Failures.of(errno);
            failure = cause == null ? new IOException("the connection was closed before its peer's end") : cause;
        }
        terminateIfOver();
    }

    private void terminateIfOver() {
        CoreSubscriber<? super HotpathBuffer> subscriber = actual;
        if (!ended || over || subscriber == null || cancelled) {
            return;
        }
        over = true;
        actual = null;
        if (failure == null) {
            subscriber.onComplete();
        } else {
            subscriber.onError(failure);
        }
    }

    private void fail(Throwable cause) {
        CoreSubscriber<? super HotpathBuffer> subscriber = actual;
        if (subscriber != null) {
            over = true;
            actual = null;
            connection.pause();
            subscriber.onError(cause);
        }
    }
}
