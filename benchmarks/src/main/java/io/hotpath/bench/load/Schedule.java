package io.hotpath.bench.load;

/**
 * When each message of an open loop is to be sent. Message {@code i} belongs to connection {@code i % connections}, so the time at
 * which the k-th answer of a connection was asked for follows from k: nothing is stored per message, and a server that falls
 * behind has the whole delay in its latency.
 *
 * @param startNanos  {@link System#nanoTime} of message 0
 * @param connections how many take turns
 */
record Schedule(long startNanos, int ratePerSecond, int connections) {
    private static final long NANOS = 1_000_000_000L;

    /** When {@code message} is to be sent. */
    long dueNanos(long message) {
        long seconds = message / ratePerSecond;
        long rest = message % ratePerSecond;
        return startNanos + seconds * NANOS + rest * NANOS / ratePerSecond;
    }

    /** When the {@code k}-th message of {@code connection} was to be sent, both counted from 0. */
    long dueNanos(int connection, long k) {
        return dueNanos(connection + k * connections);
    }
}
