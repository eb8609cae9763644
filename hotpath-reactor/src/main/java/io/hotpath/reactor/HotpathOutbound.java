package io.hotpath.reactor;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a connection sends. Each method returns the work done so far followed by its own; nothing happens before somebody
 * subscribes to it, and a handler that returns it is subscribed to. Publishers may publish from any thread; they are asked
 * for more as earlier elements go out, so a peer that reads slowly slows them down.
 *
 * <p>The publisher completes when everything has been handed to the kernel. It fails when a source does, and with {@code
 * java.io.IOException} when the connection does: "Connection reset by peer", "Broken pipe".
 */
public interface HotpathOutbound extends Publisher<Void> {
    /** The connection: its addresses and its ends. */
    HotpathConnection connection();

    /** Then sends {@code buffers}; each is the connection's from its {@code onNext} on, also when the send fails. */
    HotpathOutbound send(Publisher<? extends HotpathBuffer> buffers);

    /** Then sends {@code arrays}; each stays as it is until it is sent. An empty one sends nothing. */
    default HotpathOutbound sendByteArray(Publisher<byte[]> arrays) {
        return send(Flux.from(arrays).map(HotpathBuffer::wrap));
    }

    /** Then sends {@code texts} as UTF-8. */
    default HotpathOutbound sendString(Publisher<String> texts) {
        return sendString(texts, StandardCharsets.UTF_8);
    }

    /** Then sends {@code texts}. */
    default HotpathOutbound sendString(Publisher<String> texts, Charset charset) {
        Objects.requireNonNull(charset);
        return send(Flux.from(texts).map(text -> HotpathBuffer.of(text, charset)));
    }

    /** Then ends this side, so that the peer sees an end while receiving goes on. Nothing can be sent afterwards. */
    HotpathOutbound shutdownOutput();

    /** Then does {@code other}. */
    HotpathOutbound then(Publisher<Void> other);

    /** All of it as a {@code Mono}. */
    Mono<Void> then();
}
