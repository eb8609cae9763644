package io.hotpath.spring;

import io.hotpath.engine.EngineStats;
import io.hotpath.netty.HotpathLoopResources;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.netty.resources.LoopResources;

/**
 * The event loops of an application. The {@code ReactorResourceFactory} takes them when it starts and disposes them when it
 * stops; an application that is started again gets new ones. Any thread.
 */
public final class HotpathLoops {
    /** Of threads and meters. */
    static final String NAME = "webflux";

    private final HotpathProperties properties;

    /** Written when the application starts, read by whoever looks. */
    private volatile @Nullable HotpathLoopResources current;

    HotpathLoops(HotpathProperties properties) {
        this.properties = properties;
    }

    LoopResources open() {
        HotpathLoopResources opened = HotpathLoopResources.create(NAME, count(), properties.engineConfig());
        current = opened;
        return opened;
    }

    /** How many loops the application has. */
    public int count() {
        return properties.loops() == 0 ? LoopResources.DEFAULT_IO_WORKER_COUNT : properties.loops();
    }

    /** The loops, {@code null} before the application has started. */
    public @Nullable HotpathLoopResources current() {
        return current;
    }

    /** What one loop counts, {@code null} if it has not begun. */
    public @Nullable EngineStats stats(int loop) {
        HotpathLoopResources opened = current;
        return opened == null ? null : opened.loops().stats(loop);
    }

    /** What each loop that has begun counts; empty before the application has started. */
    public List<EngineStats> stats() {
        HotpathLoopResources opened = current;
        return opened == null ? List.of() : opened.stats();
    }
}
