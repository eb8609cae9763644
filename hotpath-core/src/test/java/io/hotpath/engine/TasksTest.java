package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The handshake between a loop that goes to sleep and who wakes it, step by step. */
class TasksTest {
    private final Tasks tasks = new Tasks();
    private final AtomicInteger ran = new AtomicInteger();

    @Test
    void aTaskThatComesAfterTheLoopLookedKeepsItAwakeWithoutASyscall() {
        tasks.run();
        assertThat(tasks.add(ran::incrementAndGet)).as("the ring has to be woken").isFalse();
        assertThat(tasks.goToSleep()).isFalse();
        tasks.awake();
        tasks.run();
        assertThat(ran.get()).isEqualTo(1);
        assertThat(tasks.goToSleep()).isTrue();
    }

    @Test
    void aWakeUpBeforeTheWaitIsNotLost() {
        assertThat(tasks.wake()).isFalse();
        assertThat(tasks.goToSleep()).isFalse();
        tasks.awake();
        assertThat(tasks.goToSleep()).as("it counts for one wait").isTrue();
    }

    @Test
    void onlyTheFirstWhoFindsTheLoopAsleepWakesTheRing() {
        assertThat(tasks.goToSleep()).isTrue();
        assertThat(tasks.add(ran::incrementAndGet)).isTrue();
        assertThat(tasks.add(ran::incrementAndGet)).isFalse();
        assertThat(tasks.wake()).isFalse();
        tasks.awake();
        tasks.run();
        assertThat(ran.get()).isEqualTo(2);
    }

    @Test
    void whatCameBeforeCloseRunsAndTheRestIsRefused() {
        tasks.add(() -> tasks.add(ran::incrementAndGet)); // refused, which is its own trouble
        tasks.add(ran::incrementAndGet);
        tasks.close();
        assertThat(ran.get()).isEqualTo(1);
        assertThatThrownBy(() -> tasks.add(ran::incrementAndGet)).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void isNotQuietWhileTasksOfALaterTurnAreLeft() {
        for (int i = 0; i < 1025; i++) {
            tasks.add(() -> {});
        }
        tasks.run();
        tasks.awake();
        assertThat(tasks.quiet()).isFalse();
        tasks.run();
        assertThat(tasks.quiet()).isTrue();
    }
}
