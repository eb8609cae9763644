package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts what Netty's leak detection reports. The build names it in {@code io.netty.customResourceLeakDetector}; Netty makes
 * it by reflection.
 */
public final class CountedLeaks<T> extends ResourceLeakDetector<T> {
    private static final AtomicInteger REPORTS = new AtomicInteger();

    public CountedLeaks(Class<?> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
    }

    @SuppressWarnings({"deprecation", "unused"}) // Netty looks for it
    public CountedLeaks(Class<?> resourceType, int samplingInterval, long maxActive) {
        super(resourceType, samplingInterval, maxActive);
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        REPORTS.incrementAndGet();
        super.reportTracedLeak(resourceType, records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        REPORTS.incrementAndGet();
        super.reportUntracedLeak(resourceType);
    }

    /** Lets the collector find what nobody released; fails if it finds something. */
    static void assertNone() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            PooledByteBufAllocator.DEFAULT.directBuffer(16).release(); // an allocation reports what was found
        }
        assertThat(REPORTS).as("leak reports").hasValue(0);
    }
}
