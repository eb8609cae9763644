package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.kernel.sim.SimKernel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.NonBlocking;
import reactor.core.scheduler.Scheduler;

/** On a simulated kernel, so in virtual time and in the test's own thread; the last ones on a real loop. */
@Timeout(60)
class LoopSchedulerTest {
    private static final EngineConfig SMALL = EngineConfig.DEFAULT.withEntries(64).withBuffers(16, 1024);

    private final Engine engine = Engine.open(SimKernel.create(1), SMALL);
    private final Scheduler scheduler = new LoopScheduler(engine);
    private final List<String> ran = new ArrayList<>();

    @AfterEach
    void close() {
        engine.close();
    }

    private void until(BooleanSupplier condition) {
        for (int i = 0; !condition.getAsBoolean(); i++) {
            assertThat(i).as("turns").isLessThan(10_000);
            engine.run(TimeUnit.HOURS.toNanos(1));
        }
    }

    private long millis() {
        return scheduler.now(TimeUnit.MILLISECONDS);
    }

    @Test
    void runsTasksInOrderInALaterTurn() {
        scheduler.schedule(() -> ran.add("first"));
        Scheduler.Worker worker = scheduler.createWorker();
        worker.schedule(() -> ran.add("second"));
        scheduler.schedule(() -> ran.add("third"));
        assertThat(ran).isEmpty();
        engine.run(0);
        assertThat(ran).containsExactly("first", "second", "third");
        worker.dispose();
    }

    @Test
    void aDelayIsOverAtItsVirtualTime() {
        long start = millis();
        Mono.delay(Duration.ofHours(1), scheduler).subscribe(zero -> ran.add("after " + (millis() - start) / 60_000));
        until(() -> !ran.isEmpty());
        assertThat(ran).containsExactly("after 60");
    }

    @Test
    void aTimeoutFiresOnlyWhenNothingCame() {
        Mono.never().timeout(Duration.ofSeconds(5), scheduler)
                .subscribe(value -> {}, failure -> ran.add(failure.getClass().getSimpleName()));
        Mono.delay(Duration.ofSeconds(1), scheduler).timeout(Duration.ofSeconds(5), scheduler)
                .subscribe(value -> ran.add("value"), failure -> ran.add("wrong"));
        until(() -> ran.size() == 2);
        Mono.delay(Duration.ofSeconds(20), scheduler).subscribe(value -> ran.add("late"));
        until(() -> ran.size() == 3);
        assertThat(ran).containsExactly("value", "TimeoutException", "late");
    }

    @Test
    void repeatsAtAFixedRateUntilItIsDisposed() {
        long start = millis();
        Disposable ticks = Flux.interval(Duration.ofMillis(100), Duration.ofMillis(250), scheduler)
                .subscribe(tick -> ran.add(tick + " at " + (millis() - start)));
        until(() -> ran.size() == 4);
        ticks.dispose();
        Mono.delay(Duration.ofSeconds(5), scheduler).subscribe(value -> ran.add("end"));
        until(() -> ran.contains("end"));
        assertThat(ran).containsExactly("0 at 100", "1 at 350", "2 at 600", "3 at 850", "end");
    }

    @Test
    void leavesOutWhatASlowLoopMissed() {
        AtomicInteger count = new AtomicInteger();
        SimKernel kernel = SimKernel.create(2);
        try (Engine slow = Engine.open(kernel, SMALL)) {
            Disposable ticks = new LoopScheduler(slow).schedulePeriodically(
                    count::incrementAndGet, 10, 10, TimeUnit.MILLISECONDS);
            kernel.advance(TimeUnit.MILLISECONDS.toNanos(1005));
            for (int turns = 0; turns < 100; turns++) {
                slow.run(0); // a loop that never waits looks at the clock only now and then
            }
            assertThat(count).hasValue(1);
            ticks.dispose();
        }
    }

    @Test
    void aTaskThatIsDisposedDoesNotRun() {
        Disposable delayed = scheduler.schedule(() -> ran.add("delayed"), 1, TimeUnit.SECONDS);
        Disposable next = scheduler.schedule(() -> ran.add("next"));
        Scheduler.Worker worker = scheduler.createWorker();
        worker.schedule(() -> ran.add("of the worker"));
        worker.schedule(() -> ran.add("of the worker, delayed"), 1, TimeUnit.SECONDS);
        delayed.dispose();
        next.dispose();
        worker.dispose();
        assertThat(delayed.isDisposed()).isTrue();
        assertThat(worker.isDisposed()).isTrue();
        Mono.delay(Duration.ofSeconds(5), scheduler).subscribe(value -> ran.add("end"));
        until(() -> ran.contains("end"));
        assertThat(ran).containsExactly("end");
    }

    @Test
    void aTaskThatRanIsDisposed() {
        Disposable once = scheduler.schedule(() -> ran.add("once"));
        assertThat(once.isDisposed()).isFalse();
        engine.run(0);
        assertThat(once.isDisposed()).isTrue();
    }

    @Test
    void aTaskThatFailsIsToldToTheThreadAndEndsNothingElse() {
        Thread thread = Thread.currentThread();
        thread.setUncaughtExceptionHandler((where, failure) -> ran.add(failure.getMessage()));
        try {
            Disposable repeated = scheduler.schedulePeriodically(() -> {
                throw new IllegalStateException("on purpose");
            }, 1, 1, TimeUnit.SECONDS);
            scheduler.schedule(() -> ran.add("next"), 10, TimeUnit.SECONDS);
            until(() -> ran.contains("next"));
            assertThat(ran).containsExactly("on purpose", "next");
            assertThat(repeated.isDisposed()).isTrue();
        } finally {
            thread.setUncaughtExceptionHandler(null);
        }
    }

    @Test
    void publishOnKeepsTheOrder() {
        List<Integer> numbers = new ArrayList<>();
        Flux.range(0, 5000).publishOn(scheduler).doOnNext(numbers::add).doOnComplete(() -> ran.add("end")).subscribe();
        until(() -> !ran.isEmpty());
        assertThat(numbers).hasSize(5000).isSorted();
    }

    @Test
    void refusesWhenTheEngineIsClosed() {
        Scheduler.Worker worker = scheduler.createWorker();
        engine.close();
        assertThatThrownBy(() -> scheduler.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
        assertThatThrownBy(() -> scheduler.schedule(() -> {}, 1, TimeUnit.SECONDS))
                .isInstanceOf(RejectedExecutionException.class);
        assertThatThrownBy(() -> worker.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    @Test
    void refusesAPeriodOfNothing() {
        assertThatThrownBy(() -> scheduler.schedulePeriodically(() -> {}, 1, 0, TimeUnit.SECONDS))
                .isInstanceOf(IllegalArgumentException.class);
    }

    // ---- a real loop --------------------------------------------------------------------------------------------

    private static HotpathServer local() {
        return HotpathServer.create().host("127.0.0.1").config(Running.CONFIG);
    }

    @Test
    void otherThreadsScheduleAndDisposeOnARealLoop()
            throws InterruptedException, ExecutionException, TimeoutException {
        CompletableFuture<Scheduler> loop = new CompletableFuture<>();
        BoundServer server = local().handle((in, out) -> {
            loop.complete(in.connection().scheduler());
            return out.send(in.receive());
        }).bindNow();
        Scheduler real;
        try (Peer peer = Peer.connect(server.port())) {
            real = loop.get(20, TimeUnit.SECONDS);
            List<Object> threads = new CopyOnWriteArrayList<>();
            Disposable never = real.schedule(() -> threads.add("never"), 1, TimeUnit.HOURS);
            Mono.delay(Duration.ofMillis(5), real).doOnNext(value -> threads.add(Thread.currentThread())).block();
            Flux.interval(Duration.ofMillis(1), real).take(5)
                    .doOnNext(tick -> threads.add(Thread.currentThread())).blockLast();
            never.dispose();
            assertThat(threads).hasSize(6).hasOnlyElementsOfType(NonBlocking.class);
            assertThat(threads.stream().distinct()).hasSize(1);
            assertThat(peer.write("x").readText(1)).isEqualTo("x");
        } finally {
            server.disposeNow(Duration.ZERO);
        }
        assertThatThrownBy(() -> real.schedule(() -> {})).isInstanceOf(RejectedExecutionException.class);
        server.stats().forEach(Audit::clean);
    }
}
