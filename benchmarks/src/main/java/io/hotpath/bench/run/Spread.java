package io.hotpath.bench.run;

import java.util.Arrays;

/**
 * A median and where it lies with at least 95 % confidence, from the order of the values alone: whatever their distribution, the
 * median lies between the k-th lowest and the k-th highest of n unless fewer than k are on one side of it, as in n throws of a
 * coin. Below six values no interval reaches 95 %; it is from the lowest to the highest then.
 *
 * @param count of the values; without any, the rest is NaN
 * @see <a href="https://www.itl.nist.gov/div898/software/dataplot/refman1/auxillar/mediancl.htm">Median confidence limits</a>
 */
public record Spread(double median, double low, double high, int count) {
    private static final double CONFIDENCE = 0.95;

    /** The spread of {@code values}, in any order. */
    static Spread of(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        if (n == 0) {
            return new Spread(Double.NaN, Double.NaN, Double.NaN, 0);
        }
        double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        int outside = outside(n);
        return new Spread(median, sorted[outside], sorted[n - 1 - outside], n);
    }

    /** How many values on each side are outside of the interval. */
    static int outside(int n) {
        double tail = 0;
        double probability = Math.pow(0.5, n); // that exactly k of n are below the median
        int k = 0;
        while (2 * (tail + probability) <= 1 - CONFIDENCE) {
            tail += probability;
            probability = probability * (n - k) / (k + 1);
            k++;
        }
        return Math.max(k - 1, 0);
    }

    boolean empty() {
        return count == 0;
    }
}
