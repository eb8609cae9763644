package io.hotpath.reactor;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.List;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Host names to addresses. */
final class Hosts {
    private Hosts() {}

    /**
     * A literal at once; a name where blocking is allowed: all of its addresses, in the resolver's order, or {@code
     * UnknownHostException}.
     */
    static Mono<List<SocketAddress>> resolve(String host, int port) {
        try {
            return Mono.just(List.of(new InetSocketAddress(InetAddress.ofLiteral(host), port)));
        } catch (IllegalArgumentException name) {
            return Mono.fromCallable(() -> Arrays.stream(InetAddress.getAllByName(host))
                    .<SocketAddress>map(address -> new InetSocketAddress(address, port))
                    .toList())
                    .subscribeOn(Schedulers.boundedElastic());
        }
    }

    /** An address that may still have to be resolved. */
    static Mono<List<SocketAddress>> resolve(SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.isUnresolved()
                ? resolve(inet.getHostString(), inet.getPort())
                : Mono.just(List.of(address));
    }
}
