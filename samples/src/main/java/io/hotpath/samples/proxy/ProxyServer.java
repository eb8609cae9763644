package io.hotpath.samples.proxy;

import io.hotpath.reactor.HotpathClient;
import io.hotpath.reactor.HotpathClientConnection;
import io.hotpath.reactor.HotpathInbound;
import io.hotpath.reactor.HotpathOutbound;
import io.hotpath.reactor.HotpathServer;
import reactor.core.publisher.Mono;

/**
 * Passes each connection on to another server, bytes and ends in both directions. Either side is read only as fast as the other
 * one reads, so a proxy of any number of connections holds a bounded number of bytes for each.
 */
final class ProxyServer {
    private ProxyServer() {}

    static HotpathServer create(String host, int port) {
        HotpathClient client = HotpathClient.create().host(host).port(port);
        return HotpathServer.create().handle((in, out) -> Mono.usingWhen(
                client.connect(),
                far -> pass(in, out, far),
                far -> Mono.fromRunnable(far::dispose),
                (far, failure) -> Mono.fromRunnable(far.inbound().connection()::reset),
                far -> Mono.fromRunnable(far.inbound().connection()::reset)));
    }

    /** Completes when both sides have ended, each end passed on as a half close; fails when either side does. */
    private static Mono<Void> pass(HotpathInbound in, HotpathOutbound out, HotpathClientConnection far) {
        return Mono.when(
                far.outbound().send(in.receive()).shutdownOutput(),
                out.send(far.inbound().receive()).shutdownOutput());
    }
}
