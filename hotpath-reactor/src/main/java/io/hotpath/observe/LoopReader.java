package io.hotpath.observe;

import io.hotpath.engine.EngineStats;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the meters of one place read: the loop that is there, and what those before it counted. Any thread. */
final class LoopReader {
    private static final String NONE = "none";

    private final Supplier<@Nullable EngineStats> source;

    // guarded by this
    private final double[] before = new double[MeterLine.ALL.size()];
    private final Set<String> kernels = new HashSet<>();
    private @Nullable EngineStats last;
    private int kernelsMax;
    private BiConsumer<String, String> newKernel = (kernel, refusal) -> {};

    LoopReader(Supplier<@Nullable EngineStats> source) {
        this.source = source;
    }

    /** Calls {@code action} for each kernel and refusal that it meets, now and later, {@code max} of them. */
    synchronized void eachKernel(int max, BiConsumer<String, String> action) {
        kernelsMax = max;
        newKernel = action;
        kernels.clear();
        read();
    }

    synchronized double count(MeterLine line) {
        EngineStats now = read();
        return now == null ? 0 : before[line.place()] + line.of(now);
    }

    synchronized double gauge(MeterLine line) {
        EngineStats now = read();
        return now == null ? Double.NaN : line.of(now);
    }

    synchronized boolean onKernel(String kernel, String refusal) {
        EngineStats now = read();
        return now != null && now.kernel().equals(kernel) && refusal(now).equals(refusal);
    }

    private @Nullable EngineStats read() {
        EngineStats now = source.get();
        if (now == null) {
            return last;
        }
        if (last != null && now.turns() < last.turns()) {
            carryOver(last);
        }
        last = now;
        String refusal = refusal(now);
        if (kernels.size() < kernelsMax && kernels.add(now.kernel() + ' ' + refusal)) {
            newKernel.accept(now.kernel(), refusal);
        }
        return now;
    }

    /** Another loop has begun to count in its place. */
    private void carryOver(EngineStats ended) {
        for (MeterLine line : MeterLine.ALL) {
            before[line.place()] += line.counts() ? line.of(ended) : 0;
        }
    }

    private static String refusal(EngineStats stats) {
        String refusal = stats.refusal();
        return refusal == null ? NONE : refusal;
    }
}
