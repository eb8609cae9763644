package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.ParallelFlux;

/**
 * The completions of one loop as a cold {@code Flux}: subscribing starts a loop thread, opens its ring and binds; cancelling
 * closes all of it, and {@link Bound#onDispose()} says when.
 *
 * {@snippet class="io.hotpath.snippets.StreamSnippets" region="echo"}
 *
 * <p><b>Demand.</b> No event is emitted beyond it. Without demand the kernel's buffers fill, then the peers' TCP windows
 * close; a bounded number of accepted connections waits, then clients stay in the backlog.
 *
 * <p><b>Thread.</b> Events come on the loop's thread, which is {@code NonBlocking}; {@code request} and {@code cancel} are for
 * any thread.
 *
 * <p><b>Errors.</b> An address that cannot be had ({@link java.net.BindException}), a host that refuses the ring ({@link
 * io.hotpath.EngineException}) and a ring that breaks are {@code onError}. A peer that fails is a {@code Close} with its
 * cause. {@link Bound#dispose()} completes the stream after the last {@code Close}.
 *
 * <p><b>Buffers.</b> See the table of {@linkplain io.hotpath.reactor this package}.
 *
 * <p>Immutable: each method returns a copy.
 */
public final class CompletionStream extends Flux<HotpathEvent> {
    private static final int DEFAULT_BACKLOG = 1024;

    private final SocketAddress address;
    private final EngineConfig config;
    private final int backlog;
    private final Consumer<Bound> onBound;
    private final SharedAddress.Factory sockets;
    private final int rail;

    private CompletionStream(
            SocketAddress address,
            EngineConfig config,
            int backlog,
            Consumer<Bound> onBound,
            SharedAddress.Factory sockets,
            int rail) {
        this.address = address;
        this.config = config;
        this.backlog = backlog;
        this.onBound = onBound;
        this.sockets = sockets;
        this.rail = rail;
    }

    /** Listens on {@code port} of every local IPv4 address; 0 picks one. */
    public static CompletionStream listen(int port) {
        return listen(new InetSocketAddress("0.0.0.0", port));
    }

    /** Listens on {@code address}, TCP or Unix domain. */
    public static CompletionStream listen(SocketAddress address) {
        return new CompletionStream(
                address, EngineConfig.DEFAULT, DEFAULT_BACKLOG, bound -> {}, () -> new SharedAddress(1), 0);
    }

    /** Sizes and limits of the loop. */
    public CompletionStream config(EngineConfig value) {
        return new CompletionStream(address, value, backlog, onBound, sockets, rail);
    }

    /** Connections that may wait in the kernel; the host caps it ({@code net.core.somaxconn}). */
    public CompletionStream backlog(int value) {
        if (value < 1) {
            throw new IllegalArgumentException("backlog is " + value + ", must be at least 1");
        }
        return new CompletionStream(address, config, value, onBound, sockets, rail);
    }

    /** Calls {@code action} on the loop thread once it listens, before any event. */
    public CompletionStream doOnBound(Consumer<? super Bound> action) {
        return new CompletionStream(address, config, backlog, onBound.andThen(action), sockets, rail);
    }

    /**
     * As many streams as loops, all accepting on the same address; the kernel spreads connections over them. Subscribe to
     * each of them, once, in any order and whenever you like; {@link #onLoops} starts them together.
     */
    public List<CompletionStream> rails(int loops) {
        if (loops < 1) {
            throw new IllegalArgumentException("loops is " + loops + ", must be at least 1");
        }
        SharedAddress shared = new SharedAddress(loops);
        List<CompletionStream> rails = new ArrayList<>(loops);
        for (int i = 0; i < loops; i++) {
            rails.add(new CompletionStream(address, config, backlog, onBound, () -> shared, i));
        }
        return rails;
    }

    /**
     * The completions of {@code loops} loops that listen on one address, a rail each, as a cold {@code ParallelFlux}: the kernel
     * spreads connections over the loops, and one stays where it was accepted.
     *
     * {@snippet class="io.hotpath.snippets.StreamSnippets" region="loops"}
     *
     * <p><b>Start.</b> No rail's {@code onSubscribe} comes before all of them listen, on one port also if it was 0; it comes on the
     * rail's own loop. If a rail cannot open, listen or get through {@link #doOnBound}, which is called once per rail, none begins
     * and every subscriber gets that error. If one is {@linkplain Bound#dispose() disposed} before, all complete.
     *
     * <p><b>Rails are on their own from then on.</b> Demand is per rail. A rail that is cancelled, disposed or fails closes its own
     * connections and its share of the address; the kernel then spreads new clients over the others, which go on.
     * {@code sequential()} makes one of them: there a failure cancels the rest.
     *
     * <p><b>Buffers.</b> {@code sequential()} and {@code runOn()} queue events, and {@code sequential()} forgets its queue when it
     * is cancelled: use it on rails that hold no leases any more, such as those of {@link Connections#each}.
     *
     * @param loops how many, at least 1
     */
    public ParallelFlux<HotpathEvent> onLoops(int loops) {
        if (loops < 1) {
            throw new IllegalArgumentException("loops is " + loops + ", must be at least 1");
        }
        return new LoopsFlux(loops, config, address, backlog, onBound);
    }

    @Override
    public void subscribe(CoreSubscriber<? super HotpathEvent> actual) {
        new StreamLoop(actual, config, new Binding(sockets.get(), rail, address, backlog), onBound, null).start();
    }
}
