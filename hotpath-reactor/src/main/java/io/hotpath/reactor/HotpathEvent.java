package io.hotpath.reactor;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * What happened on a loop. A {@code switch} over it needs no default.
 *
 * {@snippet class="io.hotpath.snippets.StreamSnippets" region="events"}
 *
 * <p>Per connection: {@code Accept} first; {@code Recv} in byte order; one {@code Send} per send call, in the order of the
 * calls; {@code Close} once and last.
 */
public sealed interface HotpathEvent {
    /** Whose event it is. */
    HotpathConnection connection();

    /**
     * A client connected. It receives nothing before {@link HotpathConnection#startRecv()}.
     *
     * @param listener where it connected to
     */
    record Accept(SocketAddress listener, HotpathConnection connection) implements HotpathEvent {}

    /** Bytes came. The buffer is the subscriber's to release or to send. */
    record Recv(HotpathConnection connection, HotpathBuffer buffer) implements HotpathEvent {}

    /**
     * A send call is over.
     *
     * @param token what the caller gave, 0 if nothing
     * @param bytes the bytes that went out
     * @param cause why the rest did not, {@code null} if everything did
     */
    record Send(HotpathConnection connection, long token, long bytes, @Nullable IOException cause)
            implements
                HotpathEvent {}

    /**
     * The connection is closed; nothing of it is in flight.
     *
     * @param cause {@code null} if it ended in order
     */
    record Close(HotpathConnection connection, @Nullable IOException cause) implements HotpathEvent {}

    /**
     * Releases the lease of every event or buffer that operators above discard, also within a {@code Collection} or a tuple as
     * {@code buffer} and {@code zip} make them.
     *
     * {@snippet class="io.hotpath.snippets.StreamSnippets" region="discard"}
     *
     * <p>Up to reactor-core 3.8.8 {@code publishOn} forgets what is in its queue if it is cancelled before its worker has run
     * (<a href="https://github.com/reactor/reactor-core/issues/4396">#4396</a>): release or copy what you hold before it. Some operators
     * discard nothing at all when they are cancelled or fail, {@code takeLast}, {@code sample} and {@code delaySequence} among
     * them, and none knows what a lambda keeps ({@code Mono.delay(d).thenReturn(buffer)}): copy before these.
     *
     * @param <T> the elements, left as they are
     */
    static <T> Function<Flux<T>, Flux<T>> releaseDiscarded() {
        return flux -> flux.contextWrite(Ownership::discarding);
    }
}
