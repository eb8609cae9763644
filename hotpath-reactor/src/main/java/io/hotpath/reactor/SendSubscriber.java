package io.hotpath.reactor;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One running {@code send(Publisher)}: asks for a few buffers, sends each, asks for more as they go out. Its state belongs to
 * the loop thread; signals from elsewhere are carried there in order.
 */
final class SendSubscriber implements CoreSubscriber<HotpathBuffer>, Subscription {
    /** Buffers that are asked for ahead of those that went out. */
    private static final int AHEAD = 32;

    private static final int REPLENISH = AHEAD / 2;

    private final HotpathConnection connection;
    private final CoreSubscriber<? super Void> actual;

    private long token;
    private @Nullable Subscription upstream;
    private int outstanding;
    private int wentOut;
    private boolean complete;
    private boolean over;

    SendSubscriber(HotpathConnection connection, CoreSubscriber<? super Void> actual) {
        this.connection = connection;
        this.actual = actual;
    }

    /** Returns whether the connection is still there to send on. */
    boolean begin() {
        actual.onSubscribe(this);
        token = connection.outbounds().add(this);
        return !over;
    }

    long token() {
        return token;
    }

    // ---- from the publisher -------------------------------------------------------------------------------------

    @Override
    public Context currentContext() {
        return Operators.enableOnDiscard(
                actual.currentContext(), element -> Discards.release((HotpathBuffer) element));
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(upstream, subscription)) {
            upstream = subscription;
            if (over) {
                subscription.cancel();
            } else {
                subscription.request(AHEAD);
            }
        }
    }

    @Override
    public void onNext(HotpathBuffer buffer) {
        if (connection.inLoop()) {
            sendNow(buffer);
        } else {
            HotpathBuffer kept = buffer.retain();
            connection.onLoop(() -> sendNow(kept));
        }
    }

    private void sendNow(HotpathBuffer buffer) {
        if (over) {
            Discards.release(buffer);
        } else {
            outstanding++;
            connection.sendNow(buffer, token);
        }
    }

    @Override
    public void onError(Throwable failure) {
        connection.onLoop(() -> fail(failure));
    }

    @Override
    public void onComplete() {
        connection.onLoop(() -> {
            complete = true;
            completeIfAllSent();
        });
    }

    // ---- from the connection: loop thread -----------------------------------------------------------------------

    void sent(int errno) {
        outstanding--;
        if (errno != 0) {
            cancelUpstream();
            fail(cause(errno));
            return;
        }
        wentOut++;
        Subscription subscription = upstream;
        if (wentOut == REPLENISH && !complete && !over && subscription != null) {
            wentOut = 0;
            subscription.request(REPLENISH);
        }
        completeIfAllSent();
    }

    void connectionClosed(int errno) {
        cancelUpstream();
        fail(cause(errno));
    }

    private void completeIfAllSent() {
        if (complete && outstanding == 0 && !over) {
            over = true;
            connection.outbounds().remove(this);
            actual.onComplete();
        }
    }

    private void fail(Throwable cause) {
        if (!over) {
            over = true;
            connection.outbounds().remove(this);
            actual.onError(cause);
        }
    }

    private static IOException cause(int errno) {
        IOException cause = Failures.of(errno);
        return cause == null ? new IOException("the connection was closed before everything was sent") : cause;
    }

    // ---- from whoever waits for the end -------------------------------------------------------------------------

    @Override
    public void request(long n) {
        // nothing to emit but the end
    }

    @Override
    public void cancel() {
        connection.onLoop(() -> {
            over = true;
            connection.outbounds().remove(this);
            cancelUpstream();
        });
    }

    private void cancelUpstream() {
        Subscription subscription = upstream;
        if (subscription != null) {
            subscription.cancel();
        }
    }
}
