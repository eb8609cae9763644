package io.hotpath.reactor;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * What a connection sends. Each method returns the work done so far followed by its own; nothing happens before somebody
 * subscribes to it, and a handler that returns it is subscribed to. Publishers may publish from any thread; they are asked
 * for more as earlier elements go out, so a peer that reads slowly slows them down.
 *
 * {@snippet class="io.hotpath.snippets.ServerSnippets" region="outbound"}
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

    /**
     * Then sends {@code count} bytes of the file at {@code path} from {@code offset} on, 0 bytes of it or more, also above 2 GiB.
     * The file is opened when it is its turn, for this send alone, and closed when that ends, also when the peer leaves midway.
     *
     * <p>It is opened and read in portions on a thread of {@code Schedulers.boundedElastic()}, not through the ring and not on
     * the loop, as the connection sends what was read before; up to a MiB of it is on its way at a time.
     *
     * <p>Fails with {@code java.nio.file.NoSuchFileException} and its kin; and with {@code java.io.EOFException} if the file is
     * shorter, before anything is sent, or becomes shorter, after what there was.
     */
    default HotpathOutbound sendFile(Path path, long offset, long count) {
        return send(FileChunks.read(path, offset, count));
    }

    /** Then sends the file at {@code path}, as long as it is when its turn comes; see {@link #sendFile(Path, long, long)}. */
    default HotpathOutbound sendFile(Path path) {
        Objects.requireNonNull(path);
        return send(Mono.fromCallable(() -> Files.size(path))
                .subscribeOn(Schedulers.boundedElastic())
                .flatMapMany(bytes -> FileChunks.read(path, 0, bytes)));
    }

    /** Then ends this side, so that the peer sees an end while receiving goes on. Nothing can be sent afterwards. */
    HotpathOutbound shutdownOutput();

    /** Then does {@code other}. */
    HotpathOutbound then(Publisher<Void> other);

    /** All of it as a {@code Mono}. */
    Mono<Void> then();
}
