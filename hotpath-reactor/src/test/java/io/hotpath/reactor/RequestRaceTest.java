package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineLoop;
import io.hotpath.kernel.sim.SimKernel;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/**
 * Threads that request and cancel while the test's thread turns the loop without a pause, so that each hand-over meets another
 * request: no demand is lost or made up, and nothing comes after the end.
 */
@Timeout(120)
class RequestRaceTest {
    private static final long DEADLINE_NANOS = 30_000_000_000L;

    private final SimLoops loops = new SimLoops();
    private @Nullable EngineLoop loop;
    private SimLoops.@Nullable Peers peers;
    private final AtomicBoolean bound = new AtomicBoolean();

    @AfterEach
    void nothingIsLeft() {
        loops.close(); // what it bound
    }

    /** Counts what was asked for and what came. */
    private static class Counting extends BaseSubscriber<HotpathEvent> {
        final AtomicLong asked = new AtomicLong();
        final AtomicLong came = new AtomicLong();

        @Override
        protected void hookOnSubscribe(Subscription subscription) {}

        @Override
        protected void hookOnNext(HotpathEvent event) {
            assertThat(came.incrementAndGet()).isLessThanOrEqualTo(asked.get());
        }

        void ask() {
            asked.incrementAndGet();
            request(1);
        }

        /** Asks {@code count} times, at most {@code ahead} before what came. */
        Future<Boolean> asking(int count, int ahead) {
            return Peer.run(() -> {
                for (int i = 0; i < count && !isDisposed(); i++) {
                    while (asked.get() - came.get() >= ahead && !isDisposed()) {
                        Thread.onSpinWait();
                    }
                    ask();
                }
                return true;
            });
        }
    }

    private void subscribe(Counting subscriber) {
        EventUser user = new EventUser();
        HotpathThread.SIMULATION.set(started -> loop = started);
        try {
            user.use(loops.listen().doOnBound(user::bound).doOnBound(_ -> bound.set(true))).subscribe(subscriber);
        } finally {
            HotpathThread.SIMULATION.remove();
        }
    }

    private void open() {
        SimKernel kernel = SimKernel.create(1);
        peers = new ChunkPeer(kernel, Long.MAX_VALUE);
        Objects.requireNonNull(loop).open(config -> Engine.open(kernel, config));
    }

    private void turnUntil(String what, BooleanSupplier done) {
        long start = System.nanoTime();
        while (!done.getAsBoolean()) {
            assertThat(Objects.requireNonNull(loop).turn(0)).as("the loop runs").isTrue();
            Objects.requireNonNull(peers).play();
            if (System.nanoTime() - start > DEADLINE_NANOS) {
                throw new AssertionError("not within 30 seconds: " + what);
            }
        }
    }

    private void turnToTheEnd() {
        long start = System.nanoTime();
        while (Objects.requireNonNull(loop).turn(0)) {
            assertThat(System.nanoTime() - start).as("nanoseconds to the end").isLessThan(DEADLINE_NANOS);
        }
    }

    @Test
    void whatTwoThreadsRequestComesAndNotOneMore() throws Exception {
        int each = 20_000;
        Counting subscriber = new Counting();
        subscribe(subscriber);
        open();
        Future<Boolean> one = subscriber.asking(each, 6);
        Future<Boolean> two = subscriber.asking(each, 6);
        try {
            turnUntil("all that was requested came", () -> subscriber.came.get() == 2L * each);
            for (int i = 0; i < 100; i++) {
                Objects.requireNonNull(loop).turn(0);
                Objects.requireNonNull(peers).play();
            }
            assertThat(subscriber.came.get()).isEqualTo(2L * each);
        } finally {
            subscriber.cancel();
            turnToTheEnd();
        }
        one.get(30, TimeUnit.SECONDS);
        two.get(30, TimeUnit.SECONDS);
    }

    @Test
    void whatIsRequestedWhileTheLoopOpensIsNotLost() throws Exception {
        for (int round = 0; round < 1_000; round++) {
            Counting subscriber = new Counting();
            bound.set(false);
            subscribe(subscriber);
            AtomicBoolean opened = new AtomicBoolean();
            Future<Boolean> asking = Peer.run(() -> {
                while (!bound.get() && !opened.get()) {
                    Thread.onSpinWait();
                }
                do { // meets the loop as it takes its first demand
                    subscriber.ask();
                } while (!opened.get());
                return true;
            });
            open();
            opened.set(true);
            try {
                asking.get(30, TimeUnit.SECONDS);
                turnUntil("all that was requested came", () -> subscriber.came.get() == subscriber.asked.get());
            } finally {
                subscriber.cancel();
                turnToTheEnd();
            }
        }
    }

    @Test
    void cancelMeetsRequestsAndEventsAndIsTheEnd() throws Exception {
        for (int round = 0; round < 300; round++) {
            AtomicLong ends = new AtomicLong();
            Counting subscriber = new Counting() {
                @Override
                protected void hookOnComplete() {
                    ends.incrementAndGet();
                }

                @Override
                protected void hookOnError(Throwable failure) {
                    ends.incrementAndGet();
                }
            };
            subscribe(subscriber);
            open();
            Future<Boolean> asking = subscriber.asking(Integer.MAX_VALUE, 4);
            int some = 1 + round % 7;
            Future<Boolean> cancelling = Peer.run(() -> {
                while (subscriber.came.get() < some) {
                    Thread.onSpinWait();
                }
                subscriber.cancel();
                return true;
            });
            long start = System.nanoTime();
            while (Objects.requireNonNull(loop).turn(0)) {
                Objects.requireNonNull(peers).play();
                assertThat(System.nanoTime() - start).as("nanoseconds to the end").isLessThan(DEADLINE_NANOS);
            }
            cancelling.get(30, TimeUnit.SECONDS);
            loops.close(); // every lease is home
            assertThat(ends.get()).as("signals of an end that nobody wants any more").isZero();
            asking.get(30, TimeUnit.SECONDS);
        }
    }
}
