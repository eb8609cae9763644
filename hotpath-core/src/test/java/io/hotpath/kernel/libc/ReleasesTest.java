package io.hotpath.kernel.libc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ReleasesTest {
    @Test
    void givesBackInReverseOrderEvenIfAStepFails() {
        List<Integer> order = new ArrayList<>();
        Releases releases = new Releases();
        releases.add(() -> order.add(1));
        releases.add(() -> {
            throw new IllegalStateException("two");
        });
        releases.add(() -> order.add(3));

        assertThatThrownBy(releases::run).hasMessage("two");
        releases.run();

        assertThat(order).containsExactly(3, 1);
    }
}
