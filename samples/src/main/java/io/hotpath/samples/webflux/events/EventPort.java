package io.hotpath.samples.webflux.events;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import io.hotpath.reactor.Bound;
import io.hotpath.reactor.CompletionStream;
import io.hotpath.spring.HotpathProperties;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.publisher.ConnectableFlux;
import reactor.core.publisher.Flux;

/**
 * Listens on {@code events.port} while the application runs; whoever subscribes to {@link #arrivals} hears what happens there.
 *
 * <p>The demand is that of the slowest listener, and it goes through to the kernel's buffers: while one of them does not read, or
 * there is none at all, peers that send are parked, and nothing is lost.
 */
@Component
@EnableConfigurationProperties(HotpathProperties.class)
public final class EventPort implements SmartLifecycle {
    /** Events that are fetched before a listener asks. */
    private static final int AHEAD = 16;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final int port;
    private final CompletionStream stream;
    private final ConnectableFlux<Arrival> arrivals;

    // of one start; written by the thread that starts or stops the application
    private volatile CompletableFuture<Bound> listening = new CompletableFuture<>();
    private volatile @Nullable Disposable running;

    EventPort(@Value("${events.port:7020}") int port, HotpathProperties properties) {
        this.port = port;
        stream = CompletionStream.listen(port)
                .config(EngineConfig.DEFAULT.withPolicy(properties.kernel()))
                .doOnBound(bound -> listening.complete(bound));
        arrivals = stream.map(Arrival::of)
                .doOnError(failure -> listening.completeExceptionally(failure))
                .publish(AHEAD);
    }

    /** What happens on the port, from now on, or from its beginning if nobody has listened yet; completes when the port closes. */
    public Flux<Arrival> arrivals() {
        return arrivals.onErrorComplete(CancellationException.class);
    }

    /** Where it listens, what it counts; also after the end. */
    public Bound bound() {
        return listening.join();
    }

    public EngineStats stats() {
        return bound().stats();
    }

    @Override
    public void start() {
        listening = new CompletableFuture<>();
        arrivals.subscribe().dispose(); // one that had a subscriber keeps what comes for the next; one that had none drops it
        Disposable connection = arrivals.connect();
        try {
            listening.join();
            running = connection;
        } catch (CompletionException failed) {
            Throwable cause = Objects.requireNonNull(failed.getCause());
            if (cause instanceof Exception refused) {
                PortInUseException.throwIfPortBindingException(refused, () -> port);
            }
            throw new IllegalStateException("cannot listen for events on port " + port, cause);
        }
    }

    @Override
    public void stop() {
        Disposable connection = running;
        if (connection != null) {
            running = null;
            connection.dispose();
            bound().onDispose().block(PATIENCE);
        }
    }

    @Override
    public boolean isRunning() {
        return running != null;
    }
}
