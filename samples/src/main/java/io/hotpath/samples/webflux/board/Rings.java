package io.hotpath.samples.webflux.board;

import io.hotpath.engine.EngineStats;
import io.hotpath.netty.HotpathLoopResources;
import io.hotpath.samples.webflux.events.EventPort;
import io.hotpath.spring.HotpathLoops;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/** Every ring of the application: one per loop of the web server, if its loops are Hotpath's, and that of the second port. */
@Component
final class Rings {
    private final @Nullable HotpathLoops loops;
    private final EventPort events;

    Rings(ObjectProvider<HotpathLoops> loops, EventPort events) {
        this.loops = loops.getIfAvailable();
        this.events = events;
    }

    /** A ring and what its engine counts. */
    record Ring(String name, EngineStats stats) {}

    List<Ring> all() {
        List<Ring> all = new ArrayList<>();
        if (loops != null) {
            for (EngineStats each : loops.stats()) {
                all.add(new Ring("http " + all.size(), each));
            }
        }
        all.add(new Ring("events", events.stats()));
        return all;
    }

    /** Every ring is treated as broken: its connections move to the next one, and lose nothing. */
    void forceFailover() {
        HotpathLoopResources web = loops == null ? null : loops.current();
        if (web != null) {
            web.loops().forceUnhealthy();
        }
        events.bound().forceUnhealthy();
    }
}
