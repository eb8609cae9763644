package io.hotpath.reactor;

import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/** Sends what a publisher gives, when somebody subscribes. */
final class SendMono extends Mono<Void> {
    private final HotpathConnection connection;
    private final Publisher<? extends HotpathBuffer> buffers;

    SendMono(HotpathConnection connection, Publisher<? extends HotpathBuffer> buffers) {
        this.connection = connection;
        this.buffers = buffers;
    }

    @Override
    public void subscribe(CoreSubscriber<? super Void> actual) {
        if (!connection.onLoop(() -> subscribeNow(actual))) {
            Operators.error(actual, HotpathConnection.gone());
        }
    }

    private void subscribeNow(CoreSubscriber<? super Void> actual) {
        try {
            connection.claim();
        } catch (IllegalStateException wrongUse) {
            Operators.error(actual, wrongUse);
            return;
        }
        SendSubscriber outbound = new SendSubscriber(connection, actual);
        if (outbound.begin()) {
            buffers.subscribe(outbound);
        }
    }
}
