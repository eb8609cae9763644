package io.hotpath.observe;

import io.hotpath.engine.EngineStats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The counters and gauges of some loops as Micrometer meters {@code hotpath.*}, each with the tags {@code name} and {@code
 * loop}. {@code docs/metrics.md} lists them.
 *
 * {@snippet class="io.hotpath.snippets.MetersSnippets" region="server"}
 *
 * <p>The loops know nothing of it: they count for themselves, and reading a meter reads what they counted, some turns old at
 * most. Values stay readable when the loops have ended, until {@link #close} takes the meters away. Any thread.
 */
public final class HotpathMeters implements MeterBinder, AutoCloseable {
    /** Kernels and refusals of one loop that have a row; more are not told apart. */
    private static final int KERNELS_MAX = 16;

    private final String name;
    private final Supplier<Integer> loops;
    private final IntFunction<@Nullable EngineStats> stats;
    private final Queue<Bound> bound = new ConcurrentLinkedQueue<>();

    private HotpathMeters(String name, Supplier<Integer> loops, IntFunction<@Nullable EngineStats> stats) {
        this.name = name;
        this.loops = loops;
        this.stats = stats;
    }

    /**
     * Meters of as many loops as {@code stats} gives when they are bound, such as {@code server::stats}.
     *
     * @param name tells it from others in the same registry
     */
    public static HotpathMeters of(String name, Supplier<List<EngineStats>> stats) {
        return new HotpathMeters(name, () -> stats.get().size(), loop -> {
            List<EngineStats> all = stats.get();
            return loop < all.size() ? all.get(loop) : null;
        });
    }

    /**
     * Meters of loops that come and go. A counter goes on when a loop is followed by another one in its place.
     *
     * @param name  tells it from others in the same registry
     * @param loops how many places there are
     * @param stats of the loop in a place, {@code null} while there is none
     */
    public static HotpathMeters of(String name, int loops, IntFunction<@Nullable EngineStats> stats) {
        return new HotpathMeters(name, () -> loops, stats);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        int count = loops.get();
        for (int i = 0; i < count; i++) {
            int place = i;
            Tags tags = Tags.of("name", name, "loop", String.valueOf(i));
            LoopReader loop = new LoopReader(() -> stats.apply(place));
            for (MeterLine line : MeterLine.ALL) {
                add(registry, register(registry, line, tags, loop));
            }
            loop.eachKernel(KERNELS_MAX, (kernel, refusal) -> add(
                    registry,
                    kernelRow(registry, tags.and("kernel", kernel, "refusal", refusal), loop, kernel, refusal)));
        }
    }

    private static Meter register(MeterRegistry registry, MeterLine line, Tags loopTags, LoopReader loop) {
        Tags tags = line.tag() == null ? loopTags : loopTags.and(line.tag(), line.value());
        // the function keeps the loop, which the registry itself would not
        return line.counts()
                ? FunctionCounter.builder(line.name(), loop, ignored -> loop.count(line))
                        .tags(tags).baseUnit(line.unit()).description(line.description()).register(registry)
                : Gauge.builder(line.name(), () -> loop.gauge(line))
                        .tags(tags).baseUnit(line.unit()).description(line.description()).register(registry);
    }

    private static Meter kernelRow(
            MeterRegistry registry, Tags tags, LoopReader loop, String kernel, String refusal) {
        return Gauge.builder(MeterLine.KERNEL, () -> loop.onKernel(kernel, refusal) ? 1 : 0)
                .tags(tags).description(MeterLine.KERNEL_DESCRIPTION).register(registry);
    }

    private void add(MeterRegistry registry, Meter meter) {
        bound.add(new Bound(registry, meter));
    }

    /** Takes the meters out of each registry. Idempotent; they can be bound again. */
    @Override
    public void close() {
        for (Bound each = bound.poll(); each != null; each = bound.poll()) {
            each.registry.remove(each.meter);
        }
    }

    private record Bound(MeterRegistry registry, Meter meter) {}
}
