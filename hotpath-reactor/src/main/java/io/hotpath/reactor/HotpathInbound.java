package io.hotpath.reactor;

import java.io.IOException;
import java.nio.charset.Charset;
import java.util.Objects;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a connection receives. One subscriber, whichever of the methods it uses; signals come on the connection's loop
 * thread, which must not block. Nothing is received beyond the subscriber's demand: the peer's TCP window closes instead.
 *
 * {@snippet class="io.hotpath.snippets.ServerSnippets" region="inbound"}
 *
 * <p><b>Errors.</b> {@code java.io.IOException}: "Connection reset by peer", or the connection was closed before its peer's
 * end, so that half a message never looks like a whole one.
 */
public interface HotpathInbound {
    /** The connection: its addresses and its ends. */
    HotpathConnection connection();

    /**
     * Buffers as they come, of any length from 1 on. Each is released after its {@code onNext}, unless it was sent or {@linkplain
     * HotpathBuffer#retain() retained} there. Completes when the peer has ended its side, and when the server is being stopped
     * in order, see {@link BoundServer#disposeLater}.
     */
    Flux<HotpathBuffer> receive();

    /** Copies of what comes, of any length from 1 on; the buffers are released at once. */
    default Flux<byte[]> asByteArray() {
        return receive().map(HotpathBuffer::toByteArray);
    }

    /**
     * What comes as text. A character that is split between buffers waits for its rest; what is not {@code charset} becomes
     * its replacement, {@code U+FFFD} for UTF-8, also a character that the end cuts. No element is empty.
     */
    default Flux<String> asString(Charset charset) {
        Objects.requireNonNull(charset);
        return Flux.defer(() -> {
            TextDecoder decoder = new TextDecoder(charset);
            Flux<String> texts = receive().handle((buffer, sink) -> {
                String text = decoder.decode(buffer.toByteArray());
                if (!text.isEmpty()) {
                    sink.next(text);
                }
            });
            return texts.concatWith(Mono.defer(() -> Mono.just(decoder.end()).filter(rest -> !rest.isEmpty())));
        });
    }

    /**
     * Everything up to the peer's end as one array, empty if nothing came. Fails with {@link MessageTooLongException} as soon
     * as more than {@code maxBytes} came; nothing beyond is kept. Fails with {@code java.io.IOException} when the server is
     * stopped before the peer's end.
     *
     * @param maxBytes at least 1
     */
    default Mono<byte[]> aggregate(int maxBytes) {
        Aggregate.requireMax(maxBytes);
        return Mono.defer(() -> {
            Aggregate all = new Aggregate(maxBytes);
            return receive()
                    .<byte[]>handle((buffer, sink) -> {
                        if (!all.add(buffer)) {
                            sink.error(new MessageTooLongException(maxBytes));
                        }
                    })
                    .then(Mono.fromCallable(() -> {
                        if (connection().inputCut()) {
                            throw new IOException("the server is being stopped, before the peer's end");
                        }
                        return all.bytes();
                    }));
        });
    }
}
