package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.WebsocketClientSpec;
import reactor.netty.http.server.WebsocketServerSpec;
import reactor.netty.resources.LoopResources;

/** WebSocket on Hotpath's channels. */
class WebSocketIT extends ReactorNettyBed {
    private static final int FRAME_BYTES_MAX = 2 << 20;

    @Test
    void fragmentsComeBackAsTheyWereSent() {
        DisposableServer server = echo();
        List<String> got = client(server, loops).websocket().uri("/")
                .handle((in, out) -> out
                        .sendObject(Flux.range(0, 100).concatMapIterable(i -> List.of(
                                new TextWebSocketFrame(false, 0, "first " + i),
                                new ContinuationWebSocketFrame(false, 0, ", more " + i),
                                new ContinuationWebSocketFrame(true, 0, ", last " + i),
                                new TextWebSocketFrame("whole " + i)))
                                .cast(Object.class))
                        .then()
                        .thenMany(in.receiveFrames().take(400).map(WebSocketIT::describe)))
                .collectList().block(LONG);
        assertThat(got).isEqualTo(IntStream.range(0, 100).boxed()
                .flatMap(i -> Stream.of("first " + i + "...", ", more " + i + "...", ", last " + i, "whole " + i))
                .toList());
    }

    private static String describe(WebSocketFrame frame) {
        return frame.content().toString(StandardCharsets.UTF_8) + (frame.isFinalFragment() ? "" : "...");
    }

    @Test
    void largeMessagesComeBackWholeInOneFrameOrMany() {
        DisposableServer server = echo();
        int bytes = 1 << 20;
        byte[] content = new byte[bytes];
        new SplittableRandom(9).nextBytes(content);
        int fragmentBytes = 60_000;
        Flux<Object> fragments = Flux.range(0, (bytes + fragmentBytes - 1) / fragmentBytes).map(i -> {
            int from = i * fragmentBytes;
            int count = Math.min(fragmentBytes, bytes - from);
            ByteBuf part = Unpooled.wrappedBuffer(content, from, count);
            boolean last = from + count == bytes;
            return i == 0 ? new BinaryWebSocketFrame(last, 0, part) : new ContinuationWebSocketFrame(last, 0, part);
        });
        for (LoopResources side : List.of(others, loops)) {
            List<byte[]> got = client(server, side).websocket(WebsocketClientSpec.builder()
                    .maxFramePayloadLength(FRAME_BYTES_MAX).build()).uri("/")
                    .handle((in, out) -> out
                            .sendObject(Flux.concat(
                                    Mono.fromSupplier(() -> new BinaryWebSocketFrame(Unpooled.wrappedBuffer(content))),
                                    fragments))
                            .then()
                            .thenMany(in.aggregateFrames(FRAME_BYTES_MAX).receive().asByteArray().take(2)))
                    .collectList().block(LONG);
            assertThat(got).hasSize(2).allSatisfy(each -> assertThat(each).isEqualTo(content));
        }
    }

    private DisposableServer echo() {
        return bind(server().route(routes -> routes.ws("/",
                (in, out) -> out.sendObject(in.receiveFrames().map(WebSocketFrame::retain)),
                WebsocketServerSpec.builder().maxFramePayloadLength(FRAME_BYTES_MAX).build())));
    }

    @Test
    void theServersCloseReachesTheClientBehindWhatWasSent() {
        DisposableServer server = bind(server().route(routes -> routes.ws("/", (_, out) -> out
                .sendString(Flux.range(0, 100).map(i -> "message " + i))
                .then(out.sendClose(4001, "enough")))));
        for (LoopResources side : List.of(others, loops)) {
            AtomicReference<WebSocketCloseStatus> status = new AtomicReference<>();
            List<String> got = client(server, side).websocket().uri("/")
                    .handle((in, _) -> {
                        in.receiveCloseStatus().subscribe(status::set);
                        return in.receive().asString();
                    })
                    .collectList().block(LONG);
            assertThat(got).hasSize(100).startsWith("message 0").endsWith("message 99");
            assertThat(status.get()).isEqualTo(new WebSocketCloseStatus(4001, "enough"));
        }
    }
}
