package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableChannel;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

/** reactor-netty on Hotpath's loops, peers on its own loops, and what the tests of both share. All is closed after each test. */
@Timeout(600)
@TestInstance(Lifecycle.PER_CLASS)
abstract class ReactorNettyBed {
    static final Duration LONG = Duration.ofMinutes(5);

    final HotpathLoopResources loops = HotpathLoopResources.create("it", 2, Combos.config());
    final LoopResources others = LoopResources.create("it-peer", 1, true);
    final Set<Channel> accepted = ConcurrentHashMap.newKeySet();
    final Queue<DisposableChannel> opened = new ConcurrentLinkedQueue<>();

    @AfterEach
    void closeAll() {
        opened.forEach(each -> each.disposeNow(LONG));
        opened.clear();
        accepted.clear();
    }

    @AfterAll
    void endLoops() {
        loops.disposeLater(Duration.ZERO, LONG).block(LONG);
        others.disposeLater(Duration.ZERO, LONG).block(LONG);
        assertThat(loops.isDisposed()).isTrue();
        assertThat(loops.stats()).allSatisfy(each -> {
            assertThat(each.connections()).isZero();
            assertThat(each.staleCompletions()).isZero();
            assertThat(each.unexpectedErrnos()).isZero();
        });
        CountedLeaks.assertNone();
    }

    HttpServer server() {
        return HttpServer.create().host("127.0.0.1").port(0).runOn(loops)
                .doOnConnection(connection -> accepted.add(connection.channel()));
    }

    DisposableServer bind(HttpServer server) {
        DisposableServer bound = server.bindNow(LONG);
        opened.add(bound);
        return bound;
    }

    static HttpClient client(DisposableServer server, LoopResources loops) {
        return HttpClient.create().runOn(loops).host("127.0.0.1").port(server.port());
    }

    static Socket connect(DisposableServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    static Mono<String> post(HttpClient client, String body) {
        return client.post().uri("/").send(Mono.fromSupplier(() -> Unpooled.copiedBuffer(body, StandardCharsets.UTF_8)))
                .responseSingle((_, content) -> content.asString());
    }

    /** Direct buffers of odd sizes with contents that differ from each other, {@code bytes} in all. */
    static Flux<ByteBuf> blocks(long bytes) {
        // one access: leak detection records each
        return contents(bytes)
                .map(content -> ByteBufAllocator.DEFAULT.directBuffer(content.length).writeBytes(content));
    }

    /** What {@link #digest} says of {@link #blocks}. */
    static String digestOfBlocks(long bytes) {
        String digest = digest(contents(bytes).map(Unpooled::wrappedBuffer)).block(LONG);
        assertThat(digest).startsWith(bytes + " bytes");
        return digest;
    }

    private static Flux<byte[]> contents(long bytes) {
        return Flux.generate(() -> 0L, (at, sink) -> {
            if (at >= bytes) {
                sink.complete();
                return at;
            }
            int length = (int) Math.min(bytes - at, 60_000 + at % 9_973);
            ByteBuffer content = ByteBuffer.allocate(length);
            while (content.remaining() >= Long.BYTES) {
                content.putLong(at * 0x9E3779B97F4A7C15L + content.position());
            }
            sink.next(content.array());
            return at + length;
        });
    }

    /** Length and checksum of all that {@code parts} brings, in one line. */
    static Mono<String> digest(Flux<ByteBuf> parts) {
        return Mono.defer(() -> {
            CRC32C sum = new CRC32C();
            return parts
                    .map(part -> {
                        sum.update(part.nioBuffer());
                        return (long) part.readableBytes();
                    })
                    .reduce(0L, Long::sum).map(length -> length + " bytes, sum " + sum.getValue());
        });
    }
}
