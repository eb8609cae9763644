package io.hotpath.reactor;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineLoop;
import io.hotpath.kernel.Kernel;
import java.util.concurrent.atomic.AtomicReference;

/** Servers and streams whose loop is turned by whoever opened them, on a kernel of their choice. */
public final class HandTurned {
    private HandTurned() {}

    /**
     * Opens the one loop that {@code start} starts, on the calling thread.
     *
     * @param start subscribes to the server or stream
     * @return turns it once
     */
    public static Runnable on(Kernel kernel, Runnable start) {
        AtomicReference<EngineLoop> loop = new AtomicReference<>();
        HotpathThread.SIMULATION.set(loop::set);
        try {
            start.run();
        } finally {
            HotpathThread.SIMULATION.remove();
        }
        EngineLoop started = loop.get();
        started.open(config -> Engine.open(kernel, config));
        return () -> started.turn(0);
    }
}
