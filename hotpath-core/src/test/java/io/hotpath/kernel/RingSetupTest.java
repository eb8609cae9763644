package io.hotpath.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class RingSetupTest {
    @Test
    void takesTheLimitsOfTheKernel() {
        assertThat(new RingSetup(1, 1, true).sqEntries()).isEqualTo(1);
        assertThat(new RingSetup(32768, 65536, false).cqEntries()).isEqualTo(65536);
    }

    @Test
    void saysWhichValueIsWrongAndWhy() {
        assertThatThrownBy(() -> new RingSetup(0, 16, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sqEntries is 0, must be 1..32768");
        assertThatThrownBy(() -> new RingSetup(32769, 65536, true)).hasMessageContaining("sqEntries is 32769");
        assertThatThrownBy(() -> new RingSetup(64, 63, true)).hasMessageContaining("cqEntries is 63");
        assertThatThrownBy(() -> new RingSetup(64, 65537, true)).hasMessageContaining("cqEntries is 65537");
    }
}
