package io.hotpath.bench.load;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What the connections of a load count together, and the first thing that went wrong. Generator's thread. */
final class Tally {
    private static final long LATENCY_NANOS_MAX = TimeUnit.SECONDS.toNanos(60);
    private static final int DIGITS = 3;

    private final Histogram latencies = new Histogram(LATENCY_NANOS_MAX, DIGITS);
    private long messages;
    private long bytes;
    private long messagesBefore;
    private long bytesBefore;
    private boolean ending;
    private @Nullable String failure;

    void completed(int count, long newBytes) {
        messages += count;
        bytes += newBytes;
    }

    void latency(long nanos) {
        latencies.recordValue(Math.clamp(nanos, 0, LATENCY_NANOS_MAX));
    }

    /** Counts messages from here on. */
    void begin() {
        messagesBefore = messages;
        bytesBefore = bytes;
    }

    /** Counts latencies from here on. */
    void beginLatencies() {
        latencies.reset();
    }

    LoadResult result(long nanos) {
        return new LoadResult(
                nanos, messages - messagesBefore, bytes - bytesBefore,
                latencies.getValueAtPercentile(50), latencies.getValueAtPercentile(99),
                latencies.getValueAtPercentile(99.9));
    }

    /** From here on connections may close. */
    void end() {
        ending = true;
    }

    boolean ending() {
        return ending;
    }

    void fail(String what) {
        if (failure == null) {
            failure = what;
        }
    }

    void requireWell() {
        if (failure != null) {
            throw new LoadException(failure);
        }
    }
}
