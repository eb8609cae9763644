package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/** What a {@link HotpathServer} is made of. It changes only while it is copied, before anybody else has it. */
final class ServerSettings {
    String host = "0.0.0.0";
    int port;
    @Nullable Supplier<? extends SocketAddress> bindAddress;
    EngineConfig config = EngineConfig.DEFAULT;
    int loops = 1;
    int backlog = 1024;
    BiFunction<? super HotpathInbound, ? super HotpathOutbound, ? extends Publisher<Void>> handler = (in, out) -> out;
    Consumer<SocketAddress> onBind = address -> {};
    Consumer<BoundServer> onBound = server -> {};
    Consumer<BoundServer> onUnbound = server -> {};
    Consumer<HotpathConnection> onConnection = connection -> {};
    Map<SocketOption<?>, Object> options = Map.of();
    Map<SocketOption<?>, Object> childOptions = Map.of();
    Map<AttributeKey<?>, Object> childAttributes = Map.of();
    @Nullable Wiretap wiretap;

    ServerSettings() {}

    private ServerSettings(ServerSettings other) {
        host = other.host;
        port = other.port;
        bindAddress = other.bindAddress;
        config = other.config;
        loops = other.loops;
        backlog = other.backlog;
        handler = other.handler;
        onBind = other.onBind;
        onBound = other.onBound;
        onUnbound = other.onUnbound;
        onConnection = other.onConnection;
        options = other.options;
        childOptions = other.childOptions;
        childAttributes = other.childAttributes;
        wiretap = other.wiretap;
    }

    /** A copy that {@code change} was made to. */
    ServerSettings with(Consumer<ServerSettings> change) {
        ServerSettings copy = new ServerSettings(this);
        change.accept(copy);
        return copy;
    }

    /** {@code map} with {@code value} for {@code key}, or without it if {@code value} is {@code null}; unmodifiable. */
    static <K> Map<K, Object> put(Map<K, Object> map, K key, @Nullable Object value) {
        Map<K, Object> copy = new LinkedHashMap<>(map);
        if (value == null) {
            copy.remove(key);
        } else {
            copy.put(key, value);
        }
        return Collections.unmodifiableMap(copy);
    }

    /** Where to listen, resolved where that may block. */
    Mono<SocketAddress> address() {
        Supplier<? extends SocketAddress> supplier = bindAddress;
        return supplier == null
                ? Hosts.resolve(host, port).map(all -> all.getFirst())
                : Mono.<SocketAddress>fromSupplier(supplier).flatMap(Hosts::resolve).map(all -> all.getFirst());
    }

    /** Prepares a connection that was accepted and runs its handler. Loop thread. */
    Publisher<Void> converse(HotpathConnection connection) {
        connection.attributes(childAttributes);
        onConnection.accept(connection);
        HotpathInbound in = new ConnectionInbound(connection);
        HotpathOutbound out = new ConnectionOutbound(connection);
        Wiretap tap = wiretap;
        return tap != null && tap.on() ? handler.apply(tap.of(in), tap.of(out)) : handler.apply(in, out);
    }
}
