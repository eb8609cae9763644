package io.hotpath.reactor;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/** {@link Connections#each}. */
final class EachFlux extends Flux<Void> {
    private final Flux<HotpathEvent> events;
    private final Function<? super HotpathConnection, ? extends Publisher<Void>> logic;

    EachFlux(
            Flux<HotpathEvent> events, Function<? super HotpathConnection, ? extends Publisher<Void>> logic) {
        this.events = events;
        this.logic = logic;
    }

    @Override
    public void subscribe(CoreSubscriber<? super Void> actual) {
        events.subscribe(new Each(actual, logic));
    }

    /** Takes the stream's events; connections live beside it. */
    private static final class Each implements CoreSubscriber<HotpathEvent>, Subscription {
        private final CoreSubscriber<? super Void> actual;
        private final Context context;
        private final Function<? super HotpathConnection, ? extends Publisher<Void>> logic;
        private @Nullable Subscription upstream;

        Each(
                CoreSubscriber<? super Void> actual,
                Function<? super HotpathConnection, ? extends Publisher<Void>> logic) {
            this.actual = actual;
            this.logic = logic;
            context = Ownership.discarding(actual.currentContext());
        }

        @Override
        public Context currentContext() {
            return context;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (Operators.validate(upstream, subscription)) {
                upstream = subscription;
                actual.onSubscribe(this);
                subscription.request(Long.MAX_VALUE); // each connection has its own demand
            }
        }

        @Override
        public void onNext(HotpathEvent event) {
            switch (event) {
                case HotpathEvent.Accept(var _, var connection) -> connection.onLoop(() -> run(connection));
                case HotpathEvent.Recv(var _, var buffer) -> Ownership.discard(buffer);
                case HotpathEvent.Send _,HotpathEvent.Close _ -> {}
            }
        }

        private void run(HotpathConnection connection) {
            if (connection.closed()) {
                return; // the event came late, over another thread
            }
            Conversation.run(connection, logic, actual.currentContext());
        }

        @Override
        public void onError(Throwable failure) {
            actual.onError(failure);
        }

        @Override
        public void onComplete() {
            actual.onComplete();
        }

        @Override
        public void request(long n) {
            Subscription subscription = upstream;
            if (n <= 0 && subscription != null) {
                subscription.request(n); // there are no elements, but the stream says what is wrong with it
            }
        }

        @Override
        public void cancel() {
            Subscription subscription = upstream;
            if (subscription != null) {
                subscription.cancel();
            }
        }
    }
}
