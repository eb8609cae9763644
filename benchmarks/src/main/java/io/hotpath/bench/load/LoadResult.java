package io.hotpath.bench.load;

/**
 * What one window gave.
 *
 * @param nanos         how long it took
 * @param messages      messages that were answered in it; what a sink's kernel took
 * @param bytes         their bytes
 * @param p50Nanos      half of the messages were as fast; latencies are 0 where nothing comes back
 * @param p99Nanos      99 of 100
 * @param p999Nanos     999 of 1000
 */
public record LoadResult(
        long nanos, long messages, long bytes, long p50Nanos, long p99Nanos, long p999Nanos) {
    public double messagesPerSecond() {
        return messages * 1e9 / nanos;
    }

    /** 10^6 bytes per second. */
    public double megabytesPerSecond() {
        return bytes * 1e3 / nanos;
    }
}
