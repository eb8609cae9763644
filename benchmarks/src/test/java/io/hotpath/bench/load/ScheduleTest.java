package io.hotpath.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static final long START = Long.MAX_VALUE - 5; // the clock may wrap

    @Test
    void spreadsMessagesEvenlyOverEachSecond() {
        Schedule schedule = new Schedule(1_000, 4, 1);

        assertThat(schedule.dueNanos(0)).isEqualTo(1_000);
        assertThat(schedule.dueNanos(1)).isEqualTo(250_001_000L);
        assertThat(schedule.dueNanos(4)).isEqualTo(1_000_001_000L);
    }

    @Test
    void doesNotDriftWhereTheRateDoesNotDivideASecond() {
        Schedule schedule = new Schedule(0, 3, 1);

        assertThat(schedule.dueNanos(2)).isEqualTo(666_666_666L);
        assertThat(schedule.dueNanos(3_000_000)).isEqualTo(1_000_000L * 1_000_000_000L);
    }

    @Test
    void givesConnectionsTheirMessagesInTurns() {
        Schedule schedule = new Schedule(START, 1_000, 3);

        for (int message = 0; message < 30; message++) {
            assertThat(schedule.dueNanos(message % 3, message / 3)).isEqualTo(schedule.dueNanos(message));
        }
    }
}
