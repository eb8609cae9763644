package io.hotpath.samples.webflux;

import java.time.Duration;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.WebSocketSession;
import reactor.core.publisher.BufferOverflowStrategy;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** One room: what a member sends goes to all. A member who reads slowly misses the oldest lines and slows nobody. */
final class ChatSocket implements WebSocketHandler {
    /** Lines that wait for one member. */
    private static final int BEHIND_MAX = 256;

    /** Members on several loops may speak at once; each waits for the other's line to be handed out. */
    private static final Duration HANDING_OUT_MAX = Duration.ofSeconds(1);

    private final Sinks.Many<String> lines = Sinks.many().multicast().directBestEffort();

    @Override
    public Mono<Void> handle(WebSocketSession session) {
        Sinks.Empty<Void> left = Sinks.empty();
        Mono<Void> says = session.receive()
                .map(WebSocketMessage::getPayloadAsText)
                .doOnNext(this::say)
                .then()
                .doFinally(end -> left.tryEmitEmpty());
        Flux<WebSocketMessage> hears = lines.asFlux()
                .takeUntilOther(left.asMono())
                .onBackpressureBuffer(BEHIND_MAX, dropped -> {}, BufferOverflowStrategy.DROP_OLDEST)
                .map(session::textMessage);
        return Mono.when(session.send(hears), says);
    }

    private void say(String line) {
        lines.emitNext(line, Sinks.EmitFailureHandler.busyLooping(HANDING_OUT_MAX));
    }
}
