package io.hotpath.samples.soak;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.HotpathInbound;
import io.hotpath.reactor.HotpathOutbound;
import io.hotpath.reactor.HotpathServer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is under test: an echo on rings with few buffers, a server that obeys, and one that permits few connections. */
final class Servers {
    static final int DOWNLOAD_BYTES = 4 << 20;
    static final int LIMIT = 8;

    // what a client asks the obedient one for, by its first byte
    static final byte DOWNLOAD = 'd';
    static final byte CLOSE = 'c';

    private static final int PIECE_BYTES = 16 << 10;
    private static final EngineConfig FEW_BUFFERS = EngineConfig.DEFAULT.withEntries(32).withBuffers(16, 1024);

    final BoundServer echo = HotpathServer.create()
            .config(FEW_BUFFERS)
            .loops(2)
            .handle((in, out) -> out.send(in.receive()))
            .bindNow();
    final BoundServer obedient = HotpathServer.create().config(FEW_BUFFERS).handle(Servers::obey).bindNow();
    final BoundServer limited = HotpathServer.create()
            .config(FEW_BUFFERS.withConnectionsMax(LIMIT))
            .handle((in, out) -> out.send(in.receive()))
            .bindNow();

    private static Publisher<Void> obey(HotpathInbound in, HotpathOutbound out) {
        return in.asByteArray().next().flatMap(command -> switch (command[0]) {
            case DOWNLOAD -> out.sendByteArray(Flux.range(0, DOWNLOAD_BYTES / PIECE_BYTES).map(Servers::piece)).then();
            case CLOSE -> out.sendByteArray(Mono.just(command)).then();
            default -> Mono.error(new IOException("as the client wishes"));
        });
    }

    private static byte[] piece(int index) {
        byte[] bytes = new byte[PIECE_BYTES];
        for (int i = 0; i < PIECE_BYTES; i++) {
            bytes[i] = byteAt(index * PIECE_BYTES + i);
        }
        return bytes;
    }

    /** The byte of each download at {@code position}. */
    static byte byteAt(int position) {
        return (byte) (position * 31 + (position >> 8));
    }

    void forceUnhealthy() {
        all().forEach(BoundServer::forceUnhealthy);
    }

    long sum(ToLongFunction<EngineStats> counter) {
        return all().map(BoundServer::stats).flatMap(List::stream).mapToLong(counter).sum();
    }

    void stop() {
        all().forEach(server -> server.disposeNow(Duration.ofSeconds(10)));
    }

    private Stream<BoundServer> all() {
        return Stream.of(echo, obedient, limited);
    }
}
