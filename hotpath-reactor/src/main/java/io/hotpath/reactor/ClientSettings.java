package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** What a {@link HotpathClient} is made of. It changes only while it is copied, before anybody else has it. */
final class ClientSettings {
    String host = "127.0.0.1";
    int port;
    @Nullable Supplier<? extends SocketAddress> remoteAddress;
    @Nullable Supplier<? extends SocketAddress> bindAddress;
    Duration connectTimeout = Duration.ofSeconds(30);
    @Nullable BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler;
    Consumer<SocketAddress> onConnect = address -> {};
    Consumer<HotpathConnection> onConnected = connection -> {};
    Consumer<HotpathConnection> onDisconnected = connection -> {};
    Map<SocketOption<?>, Object> options = Map.of();
    Map<AttributeKey<?>, Object> attributes = Map.of();
    @Nullable Wiretap wiretap;
    ClientLoops loops = new ClientLoops(EngineConfig.DEFAULT);

    ClientSettings() {}

    private ClientSettings(ClientSettings other) {
        host = other.host;
        port = other.port;
        remoteAddress = other.remoteAddress;
        bindAddress = other.bindAddress;
        connectTimeout = other.connectTimeout;
        handler = other.handler;
        onConnect = other.onConnect;
        onConnected = other.onConnected;
        onDisconnected = other.onDisconnected;
        options = other.options;
        attributes = other.attributes;
        wiretap = other.wiretap;
        loops = other.loops;
    }

    /** A copy that {@code change} was made to. */
    ClientSettings with(Consumer<ClientSettings> change) {
        ClientSettings copy = new ClientSettings(this);
        change.accept(copy);
        return copy;
    }

    /** Where to connect to, resolved where that may block; tried in this order. */
    Mono<List<SocketAddress>> addresses() {
        Supplier<? extends SocketAddress> supplier = remoteAddress;
        return supplier == null
                ? Hosts.resolve(host, port)
                : Mono.<SocketAddress>fromSupplier(supplier).flatMap(Hosts::resolve);
    }
}
