package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/** A stream that serves for one test, the demand and the signals of its subscriber, and the audit at its end. */
final class Running<T> extends BaseSubscriber<T> implements AutoCloseable {
    static final EngineConfig CONFIG =
            EngineConfig.DEFAULT.withCloseTimeout(Duration.ofSeconds(5), Duration.ofMillis(500));

    private final CompletableFuture<Bound> bound = new CompletableFuture<>();
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final long firstDemand;
    private long handlerFailures;
    private long staleLeases;

    /** What came, in order. */
    final List<T> events = new CopyOnWriteArrayList<>();

    private Running(long firstDemand) {
        this.firstDemand = firstDemand;
    }

    /** Any port of the loopback address. */
    static CompletionStream stream() {
        return stream(CONFIG);
    }

    static CompletionStream stream(EngineConfig config) {
        return CompletionStream.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).config(config);
    }

    static <T> Running<T> start(CompletionStream stream, long demand, Function<Flux<HotpathEvent>, Flux<T>> use) {
        Running<T> running = new Running<>(demand);
        use.apply(stream.doOnBound(running.bound::complete)).subscribe(running);
        return running;
    }

    static Running<HotpathEvent> events(CompletionStream stream, long demand) {
        return start(stream, demand, flux -> flux);
    }

    static Running<Void> each(
            CompletionStream stream, Function<? super HotpathConnection, ? extends Publisher<Void>> logic) {
        return start(stream, Long.MAX_VALUE, Connections.each(logic));
    }

    /** The echo as events. */
    static void echo(HotpathEvent event) {
        switch (event) {
            case HotpathEvent.Accept(var _, var connection) -> connection.startRecv();
            case HotpathEvent.Recv(var connection, var buffer) -> connection.send(buffer);
            case HotpathEvent.Send _,HotpathEvent.Close _ -> {}
        }
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        if (firstDemand > 0) {
            request(firstDemand);
        }
    }

    @Override
    protected void hookOnNext(T event) {
        events.add(event);
    }

    @Override
    protected void hookOnComplete() {
        end.complete(null);
    }

    @Override
    protected void hookOnError(Throwable failure) {
        bound.completeExceptionally(failure);
        end.completeExceptionally(failure);
    }

    /** Demand that {@code BaseSubscriber} would refuse itself. */
    void badRequest(long n) {
        upstream().request(n);
    }

    Bound bound() {
        return get(bound);
    }

    int port() {
        return bound().port();
    }

    EngineStats stats() {
        return bound().stats();
    }

    Peer connect() {
        return Peer.connect(port());
    }

    /** Waits for {@code onComplete}. */
    void awaitCompletion() {
        get(end);
    }

    /** Waits for {@code onError}. */
    Throwable awaitFailure() {
        try {
            end.get(20, TimeUnit.SECONDS);
            throw new AssertionError("completed");
        } catch (ExecutionException failed) {
            return failed.getCause();
        } catch (InterruptedException | TimeoutException none) {
            throw new AssertionError("no onError", none);
        }
    }

    boolean terminated() {
        return end.isDone();
    }

    void awaitEvents(int count) {
        Await.until(count + " events, has " + events, () -> events.size() >= count);
    }

    /** The test makes mistakes on purpose; the audit expects this many. */
    Running<T> mistakes(long failures, long stale) {
        handlerFailures = failures;
        staleLeases = stale;
        return this;
    }

    Bound awaitDisposed() {
        Bound disposed = bound();
        disposed.onDispose().block(Duration.ofSeconds(20));
        return disposed;
    }

    @Override
    public void close() {
        cancel();
        Audit.clean(awaitDisposed().stats(), handlerFailures, staleLeases);
    }

    private static <R> R get(CompletableFuture<R> future) {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException | InterruptedException | TimeoutException failed) {
            throw new AssertionError(failed);
        }
    }
}
