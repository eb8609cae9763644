package io.hotpath.bench.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MeasurementTest {
    private final Measurement measurement = Results.small().measurements().getFirst();

    @Test
    void aRatioIsTakenWithinEachRoundBeforeTheMedian() {
        Spread ratio = measurement.ratio("core", "c-uring", Metric.CPU);

        assertThat(ratio.count()).isEqualTo(3);
        assertThat(ratio.median()).isCloseTo(1.0, within(1e-9)); // of 1.05, 1.00 and 0.90; the medians' ratio is 0.90
        assertThat(ratio.low()).isCloseTo(0.9, within(1e-9));
        assertThat(ratio.high()).isCloseTo(1.05, within(1e-9));
    }

    @Test
    void roundsThatOneOfThemMissesAreLeftOut() {
        assertThat(measurement.ratio("broken", "c-uring", Metric.CPU).count()).isOne();
        assertThat(measurement.ratio("core", "unknown", Metric.CPU).empty()).isTrue();
    }

    @Test
    void metricsAreWhatTheirNamesSay() {
        assertThat(measurement.median("core", Metric.CPU).median()).isEqualTo(4_500);
        assertThat(measurement.median("core", Metric.RATE).median()).isEqualTo(200_000);
        assertThat(measurement.median("core", Metric.THROUGHPUT).median()).isEqualTo(12.8);
        assertThat(measurement.median("core", Metric.P99).median()).isEqualTo(900);
        assertThat(measurement.median("core", Metric.SWITCHES).median()).isEqualTo(0.01);
        assertThat(measurement.median("core", Metric.GENERATOR).median()).isEqualTo(0.8);
    }
}
