package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.context.ContextRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/** The Reactor {@code Context} of whoever binds, connects or subscribes is that of the handlers. */
@Timeout(60)
class ContextTest {
    private static final String KEY = "key";

    /** Sends what it finds in its context: where it sends, where it receives, and behind work elsewhere. */
    private static Publisher<Void> tell(HotpathConnection connection, HotpathInbound in, HotpathOutbound out) {
        Flux<String> received = Flux.deferContextual(context -> in.asString(UTF_8).map(text -> found(context)));
        return out
                .sendString(Mono.deferContextual(context -> Mono.just(found(context))))
                .sendString(received.take(1))
                .sendString(connection.blocking(() -> "x").flatMap(
                        x -> Mono.deferContextual(context -> Mono.just(found(context)))))
                .then(Mono.deferContextual(context -> context.hasKey(KEY) ? Mono.empty() : Mono.error(
                        new AssertionError("lost"))));
    }

    private static String found(reactor.util.context.ContextView context) {
        return context.getOrDefault(KEY, "nothing") + ";";
    }

    @Test
    void aServersHandlersSeeTheContextOfWhoBoundIt() {
        BoundServer server =
                HotpathServer.create().host("127.0.0.1").handle((in, out) -> tell(in.connection(), in, out)).bind()
                        .contextWrite(Context.of(KEY, "bind")).block(Duration.ofSeconds(20));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(new String(peer.write("x").readAll(), UTF_8)).isEqualTo("bind;bind;bind;");
        } finally {
            server.disposeNow(Duration.ZERO);
        }
        server.stats().forEach(Audit::clean);
    }

    @Test
    void aClientsHandlerSeesTheContextOfWhoConnected() {
        BoundServer server = HotpathServer.create().host("127.0.0.1")
                .handle((in, out) -> out.sendString(Mono.just("x"))
                        .sendString(in.asString(UTF_8).doOnNext(text -> {})))
                .bindNow();
        StringBuilder told = new StringBuilder();
        try {
            HotpathClient.create().host("127.0.0.1").port(server.port())
                    .handle((in, out) -> Mono.deferContextual(context -> {
                        told.append(found(context));
                        return in.connection().blocking(() -> "x")
                                .flatMap(x -> Mono.deferContextual(later -> {
                                    told.append(found(later));
                                    return Mono.<Void>empty();
                                }));
                    }))
                    .connect().contextWrite(Context.of(KEY, "connect"))
                    .block(Duration.ofSeconds(20)).onDispose().block(Duration.ofSeconds(20));
        } finally {
            server.disposeNow(Duration.ZERO);
        }
        assertThat(told.toString()).isEqualTo("connect;connect;");
    }

    @Test
    void theLogicOfEachConnectionOfAStreamSeesTheContextOfItsSubscriber() {
        try (Running<Void> running = Running.start(Running.stream(), Long.MAX_VALUE, events -> events
                .transform(Connections.each(connection -> Mono.deferContextual(context -> connection.send(
                        connection.receive().flatMap(buffer -> Mono.deferContextual(inner -> Mono.just(
                                HotpathBuffer.of(found(context) + found(inner), UTF_8))))))))
                .contextWrite(Context.of(KEY, "stream")));
                Peer peer = running.connect()) {
            assertThat(peer.write("x").readText(14)).isEqualTo("stream;stream;");
        }
    }

    @Test
    void automaticPropagationRestoresThreadLocalsInHandlers() {
        ThreadLocal<String> local = new ThreadLocal<>();
        ContextRegistry.getInstance().registerThreadLocalAccessor("local", local::get, local::set, local::remove);
        Hooks.enableAutomaticContextPropagation();
        try {
            local.set("caller");
            BoundServer server = HotpathServer.create().host("127.0.0.1")
                    .handle((in, out) -> out.sendString(in.asString(UTF_8)
                            .map(text -> text + " " + local.get())
                            .concatMap(text -> in.connection().blocking(() -> text + " " + local.get()))
                            .map(text -> text + " " + local.get())))
                    .bindNow();
            local.remove();
            try (Peer peer = Peer.connect(server.port())) {
                assertThat(new String(peer.write("x").end().readAll(), UTF_8)).isEqualTo("x caller caller caller");
            } finally {
                server.disposeNow(Duration.ZERO);
            }
        } finally {
            Hooks.disableAutomaticContextPropagation();
            ContextRegistry.getInstance().removeThreadLocalAccessor("local");
        }
    }
}
