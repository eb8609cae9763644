package io.hotpath.bench.run;

/**
 * How long and how often.
 *
 * @param settleNanos before each window, with the same load
 * @param windowNanos a window
 */
record Timing(int rounds, long settleNanos, long windowNanos) {}
