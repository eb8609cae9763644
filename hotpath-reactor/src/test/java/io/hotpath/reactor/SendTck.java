package io.hotpath.reactor;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterMethod;
import reactor.core.CoreSubscriber;

/**
 * The Reactive Streams rules for what {@link HotpathConnection#send(org.reactivestreams.Publisher)} subscribes with, on the
 * simulated kernel. Seen from outside (black box), because it decides by itself when it asks for more.
 */
public class SendTck extends SubscriberBlackboxVerification<HotpathBuffer> {
    private final SimLoops loops = new SimLoops();

    public SendTck() {
        super(new TestEnvironment(1_000, 50));
    }

    @Override
    public Subscriber<HotpathBuffer> createSubscriber() {
        HotpathConnection connection = SimConnection.accept(loops, Long.MAX_VALUE);
        CompletableFuture<SendSubscriber> begun = new CompletableFuture<>();
        connection.later(() -> {
            SendSubscriber subscriber = new SendSubscriber(connection, new Listening());
            subscriber.begin();
            begun.complete(subscriber);
        });
        return SimConnection.get(begun);
    }

    @Override
    public HotpathBuffer createElement(int element) {
        return HotpathBuffer.of(Integer.toString(element), StandardCharsets.US_ASCII);
    }

    @AfterMethod
    public void nothingIsLeft() {
        loops.close();
    }

    private static final class Listening implements CoreSubscriber<Void> {
        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Void never) {}

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onComplete() {}
    }
}
