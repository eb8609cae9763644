package io.hotpath.reactor;

import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import reactor.core.publisher.Mono;

/**
 * What {@code connection} sends.
 *
 * @param then what is done when somebody subscribes
 */
record ConnectionOutbound(HotpathConnection connection, Mono<Void> then) implements HotpathOutbound {
    ConnectionOutbound(HotpathConnection connection) {
        this(connection, Mono.empty());
    }

    @Override
    public HotpathOutbound send(Publisher<? extends HotpathBuffer> buffers) {
        return then(connection.send(buffers));
    }

    @Override
    public HotpathOutbound shutdownOutput() {
        return then(Mono.fromRunnable(connection::shutdownOutput));
    }

    @Override
    public HotpathOutbound then(Publisher<Void> other) {
        return new ConnectionOutbound(connection, then.then(Mono.from(other)));
    }

    @Override
    public void subscribe(Subscriber<? super Void> subscriber) {
        then.subscribe(subscriber);
    }
}
