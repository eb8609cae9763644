package io.hotpath.reactor;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;

/** Does what a subscriber of events owes: starts receiving, releases each buffer after {@code onNext}. Disposes after a close. */
final class EventUser {
    private volatile @Nullable Bound bound;

    void bound(Bound value) {
        bound = value;
    }

    /** All signals both ways pass as they are. */
    Flux<HotpathEvent> use(Flux<HotpathEvent> events) {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super HotpathEvent> actual) {
                events.subscribe(new Using(actual));
            }
        };
    }

    private final class Using implements CoreSubscriber<HotpathEvent> {
        private final CoreSubscriber<? super HotpathEvent> actual;

        Using(CoreSubscriber<? super HotpathEvent> actual) {
            this.actual = actual;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            actual.onSubscribe(subscription);
        }

        @Override
        public void onNext(HotpathEvent event) {
            if (event instanceof HotpathEvent.Accept accept) {
                accept.connection().startRecv();
            }
            actual.onNext(event);
            if (event instanceof HotpathEvent.Recv recv) {
                recv.buffer().release();
            }
            if (event instanceof HotpathEvent.Close) {
                Objects.requireNonNull(bound).dispose();
            }
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
}
