package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.ParallelFlux;

/** Several loops as the rails of a {@code ParallelFlux}. */
@Timeout(60)
class LoopsTest {
    private final List<Bound> bounds = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    @AfterEach
    void nothingIsLeft() {
        Await.until("no loop is left", () -> Audit.loopThreads() == 0);
        bounds.forEach(bound -> Audit.clean(bound.stats()));
    }

    private ParallelFlux<HotpathEvent> loops(int count) {
        return Running.stream().doOnBound(bounds::add).onLoops(count);
    }

    // ---- the start ----------------------------------------------------------------------------------------------

    @Test
    void allListenOnOnePortBeforeAnyHearsOfItsSubscription() {
        for (int i = 0; i < 20; i++) {
            bounds.clear();
            Set<Integer> boundAtSubscribe = ConcurrentHashMap.newKeySet();
            List<Rail> rails = rails(4, rail -> boundAtSubscribe.add(bounds.size()));
            loops(4).subscribe(subscribers(rails));
            Await.until("all begun", () -> rails.stream().allMatch(rail -> rail.thread != null));
            assertThat(boundAtSubscribe).containsExactly(4);
            assertThat(bounds).extracting(Bound::port).doesNotContain(0, -1).containsOnly(bounds.getFirst().port());
            assertThat(rails).extracting(rail -> rail.thread).doesNotHaveDuplicates()
                    .allMatch(HotpathThread.class::isInstance);
            rails.forEach(Rail::cancel);
            nothingIsLeft();
        }
    }

    @Test
    void failsEveryRailIfTheAddressCannotBeHad() {
        try (Running<HotpathEvent> used = Running.events(Running.stream(), 0)) {
            List<Rail> rails = rails(3, _ -> {});
            CompletionStream.listen((InetSocketAddress) used.bound().address()).onLoops(3)
                    .subscribe(subscribers(rails));
            Await.until("all failed", () -> rails.stream().allMatch(rail -> rail.end != null));
            assertThat(rails).allMatch(rail -> rail.end instanceof BindException);
        }
    }

    @Test
    void failsEveryRailWithWhatOneThrowsWhenItIsBound() {
        AtomicInteger count = new AtomicInteger();
        List<Rail> rails = rails(3, _ -> {});
        Running.stream().doOnBound(_ -> {
            if (count.incrementAndGet() == 3) {
                throw new IllegalStateException("the third is one too many");
            }
        }).onLoops(3).subscribe(subscribers(rails));
        Await.until("all failed", () -> rails.stream().allMatch(rail -> rail.end != null));
        assertThat(rails).allMatch(rail -> String.valueOf(rail.end).contains("one too many"));
        assertThat(rails).allMatch(rail -> rail.events.isEmpty());
    }

    @Test
    void completesEveryRailIfOneIsDisposedBeforeAllListen() {
        AtomicInteger count = new AtomicInteger();
        List<Rail> rails = rails(3, _ -> {});
        Running.stream().doOnBound(bound -> {
            if (count.incrementAndGet() == 1) {
                bound.dispose();
            }
        }).onLoops(3).subscribe(subscribers(rails));
        Await.until("one has ended", () -> rails.stream().anyMatch(rail -> rail.end != null));
        rails.forEach(Rail::cancel); // the first may have been the last to be disposed: all of them began then
        assertThat(rails).filteredOn(rail -> rail.end != null).allMatch(rail -> "complete".equals(rail.end));
    }

    @Test
    void refusesAnotherNumberOfSubscribersThanLoops() {
        List<Rail> rails = rails(2, _ -> {});
        loops(3).subscribe(subscribers(rails));
        assertThat(rails).allMatch(rail -> rail.end instanceof IllegalArgumentException);
        assertThat(bounds).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> Running.stream().onLoops(0));
    }

    // ---- connections --------------------------------------------------------------------------------------------

    @Test
    void servesOverAllLoopsAndAConnectionStaysOnItsOwn() {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        Set<String> strays = ConcurrentHashMap.newKeySet();
        Disposable running = loops(2).transformGroups(Connections.each(c -> {
            String loop = Thread.currentThread().getName();
            threads.add(loop);
            return c.send(c.receive().doOnNext(_ -> {
                if (!Thread.currentThread().getName().equals(loop)) {
                    strays.add(loop);
                }
            }));
        })).sequential().subscribe();
        Await.until("bound", () -> bounds.size() == 2);
        for (int i = 0; i < 200 && (i < 20 || threads.size() < 2); i++) {
            echo(bounds.getFirst().port());
        }
        assertThat(threads).hasSize(2);
        assertThat(strays).isEmpty();
        running.dispose();
    }

    @Test
    void servesEventsPerGroup() {
        Set<Integer> keys = ConcurrentHashMap.newKeySet();
        Disposable running = loops(2).groups().subscribe(group -> {
            keys.add(group.key());
            group.subscribe(Running::echo);
        });
        Await.until("bound", () -> bounds.size() == 2);
        for (int i = 0; i < 20; i++) {
            echo(bounds.getFirst().port());
        }
        assertThat(keys).containsExactlyInAnyOrder(0, 1);
        running.dispose();
        bounds.forEach(Bound::dispose);
    }

    @Test
    void completesWhenEveryRailIsDisposed() {
        List<Rail> rails = rails(2, rail -> rail.request(Long.MAX_VALUE));
        loops(2).subscribe(subscribers(rails));
        Await.until("all begun", () -> rails.stream().allMatch(rail -> rail.thread != null));
        echo(bounds.getFirst().port());
        bounds.forEach(Bound::dispose);
        Await.until("all completed", () -> rails.stream().allMatch(rail -> "complete".equals(rail.end)));
    }

    // ---- one rail ends ------------------------------------------------------------------------------------------

    @Test
    void aRailThatIsCancelledOrFailsLeavesTheOthersServing() {
        List<Rail> rails = rails(3, rail -> rail.request(Long.MAX_VALUE));
        loops(3).subscribe(subscribers(rails));
        Await.until("all begun", () -> rails.stream().allMatch(rail -> rail.thread != null));
        rails.get(0).cancel();
        rails.get(1).badDemand();
        Await.until("two loops have ended", () -> Audit.loopThreads() == 1);
        assertThat(rails.get(0).end).as("a signal after cancel").isNull();
        assertThat(rails.get(1).end).isInstanceOf(IllegalArgumentException.class);
        for (int i = 0; i < 50; i++) {
            echo(bounds.getFirst().port());
        }
        assertThat(rails.get(2).end).isNull();
        rails.get(2).cancel();
    }

    @Test
    void sequentialEndsAllRailsWhenOneFails() {
        List<Object> ends = new CopyOnWriteArrayList<>();
        loops(3).transformGroups(group -> group.doOnNext(_ -> {
            throw new IllegalStateException("this rail has had enough");
        })).sequential().subscribe(_ -> {}, ends::add, () -> ends.add("complete"));
        Await.until("bound", () -> bounds.size() == 3);
        Peer.meetEnd(bounds.getFirst().port());
        Await.until("ended", () -> !ends.isEmpty());
        assertThat(ends).singleElement().asString().contains("had enough");
    }

    private static void echo(int port) {
        try (Peer peer = Peer.connect(port).write("ab")) {
            assertThat(peer.readText(2)).isEqualTo("ab");
        }
    }

    private static List<Rail> rails(int count, Consumer<Rail> onSubscribe) {
        List<Rail> rails = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rails.add(new Rail(onSubscribe));
        }
        return rails;
    }

    @SuppressWarnings("unchecked")
    private static CoreSubscriber<HotpathEvent>[] subscribers(List<Rail> rails) {
        return rails.toArray(CoreSubscriber[]::new);
    }

    /** Serves as an echo, and says what it heard. */
    private static final class Rail extends BaseSubscriber<HotpathEvent> {
        private final Consumer<Rail> onSubscribe;
        private final List<HotpathEvent> events = new CopyOnWriteArrayList<>();
        private volatile Thread thread;
        private volatile Object end;

        Rail(Consumer<Rail> onSubscribe) {
            this.onSubscribe = onSubscribe;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            onSubscribe.accept(this);
            thread = Thread.currentThread();
        }

        @Override
        protected void hookOnNext(HotpathEvent event) {
            events.add(event);
            Running.echo(event);
        }

        @Override
        protected void hookOnError(Throwable failure) {
            end = failure;
        }

        @Override
        protected void hookOnComplete() {
            end = "complete";
        }

        /** Demand that {@code BaseSubscriber} would refuse itself. */
        void badDemand() {
            upstream().request(-1);
        }
    }
}
