package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakTracker;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts what Netty's leak detection reports. The build names it in {@code io.netty.customResourceLeakDetector}; Netty makes
 * it by reflection.
 */
public final class CountedLeaks<T> extends ResourceLeakDetector<T> {
    private static final AtomicInteger REPORTS = new AtomicInteger();
    private static final List<CountedLeaks<?>> DETECTORS = new CopyOnWriteArrayList<>();

    public CountedLeaks(Class<?> resourceType, int samplingInterval) {
        super(resourceType, samplingInterval);
        DETECTORS.add(this);
    }

    @SuppressWarnings({"deprecation", "unused"}) // Netty looks for it
    public CountedLeaks(Class<?> resourceType, int samplingInterval, long maxActive) {
        super(resourceType, samplingInterval, maxActive);
        DETECTORS.add(this);
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
            DETECTORS.forEach(CountedLeaks::report);
        }
        assertThat(REPORTS).as("leak reports").hasValue(0);
    }

    /** Whoever is tracked next makes a detector report what it has found. */
    @SuppressWarnings("unchecked") // erased
    private void report() {
        T any = (T) new Object();
        ResourceLeakTracker<T> tracker = track(any);
        if (tracker != null) {
            tracker.close(any);
        }
    }
}
