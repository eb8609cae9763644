package io.hotpath.reactor;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Host names to addresses. */
final class Hosts {
    private Hosts() {}

    /** A literal at once; a name where blocking is allowed, failing with {@code UnknownHostException}. */
    static Mono<InetSocketAddress> resolve(String host, int port) {
        try {
            return Mono.just(new InetSocketAddress(InetAddress.ofLiteral(host), port));
        } catch (IllegalArgumentException name) {
            return Mono.fromCallable(() -> new InetSocketAddress(InetAddress.getByName(host), port))
                    .subscribeOn(Schedulers.boundedElastic());
        }
    }
}
