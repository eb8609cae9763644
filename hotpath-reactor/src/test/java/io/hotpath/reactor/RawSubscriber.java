package io.hotpath.reactor;

import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** Passes signals on and asks for what Reactor's own subscribers refuse to ask for. */
record RawSubscriber(Subscriber<? super HotpathEvent> actual, long demand) implements CoreSubscriber<HotpathEvent> {
    @Override
    public void onSubscribe(Subscription subscription) {
        actual.onSubscribe(subscription);
        subscription.request(demand);
    }

    @Override
    public void onNext(HotpathEvent event) {
        actual.onNext(event);
    }

    @Override
    public void onError(Throwable failure) {
        actual.onError(failure);
    }

    @Override
    public void onComplete() {
        actual.onComplete();
    }
}
