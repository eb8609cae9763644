package io.hotpath.reactor;

import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;

/** Connection logic that is declared once and runs for each connection of a stream. */
public final class Connections {
    private Connections() {}

    /**
     * Runs {@code logic} for each connection.
     *
     * {@snippet class="io.hotpath.snippets.ConnectionSnippets" region="each"}
     *
     * <p>{@code logic} is called on the loop thread when the connection is accepted. When its publisher completes the
     * connection closes in order; when it fails the connection is reset and the failure is logged, and the stream goes on;
     * when the connection is closed first the publisher is cancelled. Demand and leases are per connection, so one that
     * stalls leaves the others alone, and there is no limit on their number but the engine's.
     *
     * <p>The result has no elements; it ends as the stream does.
     */
    public static Function<Flux<HotpathEvent>, Flux<Void>> each(
            Function<? super HotpathConnection, ? extends Publisher<Void>> logic) {
        return events -> new EachFlux(events, logic);
    }
}
