package io.hotpath.bench.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.bench.Catalog;
import io.hotpath.bench.Contender;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class GoalTest {
    private static final Measurement ECHO = Results.small().measurements().getFirst();

    @Test
    void theBestOfTheOthersCounts() {
        Goal goal = new Goal("echo-64b-64", "core", List.of("broken", "c-uring"), Metric.CPU, 0.95);

        assertThat(goal.reached(ECHO).median()).isEqualTo(1.0);
        assertThat(goal.met(goal.reached(ECHO))).isFalse();
    }

    @Test
    void whatIsBetterWhenHigherMustBeAtLeast() {
        Goal goal = new Goal("echo-64b-64", "core", List.of("c-uring"), Metric.THROUGHPUT, 0.97);

        assertThat(goal.met(goal.reached(ECHO))).isTrue();
    }

    @Test
    void whatWasNotMeasuredIsNotDecided() {
        assertThat(new Goal("echo-64b-64", "core", List.of("c-epoll"), Metric.CPU, 1).reached(ECHO).empty()).isTrue();
    }

    @Test
    void everyGoalNamesWhatThereIs() {
        List<String> servers = new Catalog(Path.of(".")).contenders().stream().map(Contender::id).toList();
        List<String> scenarios = Scenarios.all().stream().map(Scenario::id).toList();

        assertThat(Goal.ALL).allSatisfy(goal -> {
            assertThat(scenarios).contains(goal.scenario());
            assertThat(servers).contains(goal.server()).containsAll(goal.against());
        });
    }
}
