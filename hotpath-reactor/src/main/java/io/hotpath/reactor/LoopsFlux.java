package io.hotpath.reactor;

import io.hotpath.engine.EngineConfig;
import java.net.SocketAddress;
import java.util.function.Consumer;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.ParallelFlux;

/** {@link CompletionStream#onLoops}: a rail per loop. */
final class LoopsFlux extends ParallelFlux<HotpathEvent> {
    private final int loops;
    private final EngineConfig config;
    private final SocketAddress address;
    private final int backlog;
    private final Consumer<Bound> onBound;

    LoopsFlux(int loops, EngineConfig config, SocketAddress address, int backlog, Consumer<Bound> onBound) {
        this.loops = loops;
        this.config = config;
        this.address = address;
        this.backlog = backlog;
        this.onBound = onBound;
    }

    @Override
    public int parallelism() {
        return loops;
    }

    @Override
    public void subscribe(CoreSubscriber<? super HotpathEvent>[] subscribers) {
        if (!validate(subscribers)) {
            return; // and has told them
        }
        SharedAddress shared = new SharedAddress(loops);
        StartTogether start = new StartTogether(loops);
        for (int rail = 0; rail < loops; rail++) {
            Binding binding = new Binding(shared, rail, address, backlog);
            start.add(new StreamLoop(subscribers[rail], config, binding, onBound, start));
        }
        start.open();
    }
}
