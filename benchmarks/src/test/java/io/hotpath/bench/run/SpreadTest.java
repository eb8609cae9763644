package io.hotpath.bench.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpreadTest {
    @Test
    void theMedianIsTheMiddleOrBetweenTheMiddleTwo() {
        assertThat(Spread.of(3, 1, 2).median()).isEqualTo(2);
        assertThat(Spread.of(4, 1, 3, 2).median()).isEqualTo(2.5);
    }

    /** From tables of the sign test, two-sided at 5 %. */
    @ParameterizedTest
    @CsvSource({"1, 0", "5, 0", "6, 0", "8, 0", "9, 1", "11, 1", "12, 2", "15, 3", "20, 5", "25, 7"})
    void asManyValuesAreOutsideAsTheSignTestAllows(int n, int outside) {
        assertThat(Spread.outside(n)).isEqualTo(outside);
    }

    @Test
    void theIntervalLeavesOutAsManyOnEachSide() {
        Spread spread = Spread.of(9, 8, 7, 6, 5, 4, 3, 2, 1);

        assertThat(spread).isEqualTo(new Spread(5, 2, 8, 9));
    }

    @Test
    void oneValueIsItsOwnInterval() {
        assertThat(Spread.of(7)).isEqualTo(new Spread(7, 7, 7, 1));
    }

    @Test
    void nothingHasNoMedian() {
        assertThat(Spread.of().empty()).isTrue();
        assertThat(Spread.of().median()).isNaN();
    }
}
