package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EngineTimerTest {
    private static final long MILLI = 1_000_000;

    @ParameterizedTest
    @EnumSource(Beds.class)
    void runsNoTaskBeforeItsTime(Beds beds) {
        beds.run(Bed.SMALL, 20, bed -> {
            List<String> ran = new ArrayList<>();
            long start = bed.engine.nanoTime();
            for (int millis = 1; millis <= 3; millis++) {
                int delay = millis;
                bed.engine.schedule(delay * MILLI, () -> ran.add(late(bed, start, delay)));
            }
            assertThat(ran).isEmpty();
            bed.until("three tasks", () -> ran.size() == 3);
            assertThat(ran).containsExactly("1 true", "2 true", "3 true");
        });
    }

    @Test
    void runsTasksInTheOrderOfTheirTimes() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            List<String> ran = new ArrayList<>();
            long start = bed.engine.nanoTime();
            bed.engine.schedule(3 * MILLI, () -> ran.add(late(bed, start, 3)));
            bed.engine.schedule(MILLI, () -> ran.add(late(bed, start, 1)));
            bed.engine.schedule(2 * MILLI, () -> ran.add(late(bed, start, 2)));
            bed.until("three tasks", () -> ran.size() == 3);
            assertThat(ran).containsExactly("1 true", "2 true", "3 true");
        }
    }

    private static String late(Bed bed, long start, int millis) {
        return millis + " " + (bed.engine.nanoTime() - start >= millis * MILLI);
    }

    @Test
    void followsTheVirtualTimeOfASimulatedKernel() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            List<Long> ran = new ArrayList<>();
            long hour = 3600L * 1000 * MILLI;
            long start = bed.engine.nanoTime();
            bed.engine.schedule(hour, () -> ran.add(bed.engine.nanoTime() - start));
            bed.engine.run(-1);
            bed.engine.run(0);
            assertThat(ran).hasSize(1);
            assertThat(ran.getFirst()).isBetween(hour, hour + MILLI);
        }
    }

    @Test
    void aTaskThatWasCancelledDoesNotRun() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            List<String> ran = new ArrayList<>();
            EngineTimer cancelled = bed.engine.schedule(MILLI, () -> ran.add("cancelled"));
            EngineTimer kept = bed.engine.schedule(MILLI, () -> ran.add("kept"));
            cancelled.cancel();
            cancelled.cancel();
            bed.until("one task", () -> !ran.isEmpty());
            bed.turns(10);
            kept.cancel();
            assertThat(ran).containsExactly("kept");
        }
    }

    @Test
    void aTaskThatFailsEndsNeitherTheTurnNorTheOthers() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            List<String> ran = new ArrayList<>();
            bed.engine.schedule(MILLI, () -> {
                throw new IllegalStateException("on purpose");
            });
            bed.engine.schedule(MILLI, () -> ran.add("next"));
            bed.until("the other task", () -> !ran.isEmpty());
        }
    }

    @Test
    void aClosedEngineRefusesTasks() {
        Bed bed = Bed.sim(Bed.SMALL);
        bed.close();
        assertThatThrownBy(() -> bed.engine.schedule(1, () -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void aTaskInAnAgeKeepsNoneThatIsDueFromRunning() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            List<String> ran = new ArrayList<>();
            bed.engine.execute(() -> {
                bed.engine.schedule(0, () -> ran.add("due"));
                bed.sim().advance(MILLI);
                bed.engine.schedule(Long.MAX_VALUE, () -> ran.add("never"));
            });
            bed.until("one task", () -> !ran.isEmpty());
            assertThat(ran).containsExactly("due");
        }
    }
}
