package io.hotpath.spring;

import io.hotpath.engine.EngineStats;
import java.util.List;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** Which kernel serves and what the loops hold. Always UP: a fallback serves as well as io_uring does. */
final class HotpathHealthIndicator extends AbstractHealthIndicator {
    private final HotpathLoops loops;

    HotpathHealthIndicator(HotpathLoops loops) {
        super("Hotpath's loops could not be asked");
        this.loops = loops;
    }

    @Override
    protected void doHealthCheck(Health.Builder builder) {
        List<EngineStats> stats = loops.stats();
        builder.up()
                .withDetail("kernels", stats.stream().map(EngineStats::kernel).distinct().toList())
                .withDetail("loops", stats.size())
                .withDetail("connections", stats.stream().mapToInt(EngineStats::connections).sum())
                .withDetail("failovers", stats.stream().mapToLong(EngineStats::failovers).sum());
    }
}
