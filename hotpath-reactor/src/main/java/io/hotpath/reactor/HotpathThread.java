package io.hotpath.reactor;

import io.hotpath.engine.EngineLoop;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.NonBlocking;

/** A loop's thread. Blocking on it would stop all of its connections, and Reactor refuses to. */
final class HotpathThread extends Thread implements NonBlocking {
    /** Who turns the loops that this thread starts, if not threads of their own: a simulation. Set by {@code HotpathTest}. */
    static final ThreadLocal<@Nullable Consumer<EngineLoop>> SIMULATION = new ThreadLocal<>();

    private static final AtomicInteger COUNT = new AtomicInteger();

    private HotpathThread(Runnable loop) {
        super(null, loop, "hotpath-" + COUNT.incrementAndGet(), 0, false);
    }

    /** Starts {@code loop} on a thread of its own. */
    static void start(EngineLoop loop) {
        Consumer<EngineLoop> simulation = SIMULATION.get();
        if (simulation == null) {
            new HotpathThread(loop).start();
        } else {
            simulation.accept(loop);
        }
    }
}
