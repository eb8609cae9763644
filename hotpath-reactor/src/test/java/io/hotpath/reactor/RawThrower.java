package io.hotpath.reactor;

import java.util.List;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** Breaks rule 2.13: throws from {@code onNext} at a receive. */
record RawThrower(List<Throwable> failures) implements CoreSubscriber<HotpathEvent> {
    @Override
    public void onSubscribe(Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(HotpathEvent event) {
        switch (event) {
            case HotpathEvent.Accept accept -> accept.connection().startRecv();
            case HotpathEvent.Recv _ -> throw new IllegalStateException("no more");
            case HotpathEvent.Send _,HotpathEvent.Close _ -> {}
        }
    }

    @Override
    public void onError(Throwable failure) {
        failures.add(failure);
    }

    @Override
    public void onComplete() {}
}
