package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/**
 * What operators and subscribers may do to a stream, on the simulated kernel and in virtual time. Each test ends with the audit
 * of {@link HotpathTest#close()}: every lease is home, none was used by somebody it did not belong to.
 */
@Timeout(120)
class StreamRulesTest {
    private static final int PORT = 7007;
    private static final EngineConfig CONFIG = EngineConfig.DEFAULT.withBuffers(16, 64).withCopyBytesMax(64 << 10);

    private static CompletionStream stream() {
        return CompletionStream.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT)).config(CONFIG);
    }

    /** One buffer's worth of bytes, which are not put together with others while they wait. */
    private static byte[] chunk(int value) {
        byte[] bytes = new byte[64];
        bytes[0] = (byte) value;
        return bytes;
    }

    // ---- cancel at every point ----------------------------------------------------------------------------------

    /** What stands between the stream and who takes its events. */
    @SuppressWarnings("ImmutableEnumChecker") // its operators keep nothing
    enum Between {
        NOTHING(events -> events),
        FILTER(events -> events.filter(event -> !(event instanceof HotpathEvent.Send))),
        PUBLISH_ON(events -> events.publishOn(Schedulers.parallel(), 2)),
        BUFFER(events -> events.buffer(3).concatMapIterable(Function.identity())),
        FLAT_MAP(events -> events.flatMap(event -> Mono.just(event).delayElement(Duration.ofMillis(1)), 2)),
        CONCAT_MAP(events -> events.concatMap(event -> Mono.just(event).hide(), 1)),
        TAKE(events -> events.take(7)),
        LIMIT_RATE(events -> events.limitRate(2, 1)),
        TIMEOUT(events -> events.timeout(Duration.ofSeconds(1)));

        final Function<Flux<HotpathEvent>, Flux<HotpathEvent>> operators;

        Between(Function<Flux<HotpathEvent>, Flux<HotpathEvent>> operators) {
            this.operators = operators;
        }
    }

    /** Takes events as a subscriber should, and cancels at the given one. */
    private static final class Taker extends BaseSubscriber<HotpathEvent> {
        private final int cancelAt;
        private final boolean before;
        private int count;
        private int afterCancel;

        Taker(int cancelAt, boolean before) {
            this.cancelAt = cancelAt;
            this.before = before;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            request(1);
            if (cancelAt == 0) {
                cancel();
            }
        }

        @Override
        protected void hookOnNext(HotpathEvent event) {
            count++;
            if (count > cancelAt) {
                afterCancel++;
            }
            if (before && count == cancelAt) {
                cancel();
            }
            switch (event) {
                case HotpathEvent.Accept _ -> {}
                case HotpathEvent.Recv(var connection, var buffer) -> {
                    if (count % 2 == 0) {
                        connection.send(buffer);
                    } else {
                        buffer.release();
                    }
                }
                case HotpathEvent.Send _,HotpathEvent.Close _ -> {}
            }
            if (!before && count == cancelAt) {
                cancel();
            }
            request(1);
        }

        @Override
        protected void hookOnError(Throwable failure) {}
    }

    /** Steps of a conversation with two peers; after each of them everything that can happen has happened. */
    private static List<Consumer<HotpathTest>> script() {
        AtomicReference<HotpathTestPeer> one = new AtomicReference<>();
        AtomicReference<HotpathTestPeer> two = new AtomicReference<>();
        return List.of(
                test -> one.set(test.connect(PORT)),
                _ -> one.get().send(chunk(1)),
                _ -> one.get().send(chunk(2)),
                test -> two.set(test.connect(PORT)),
                _ -> two.get().send(new byte[64 * 5]),
                _ -> one.get().send(new byte[64 * 5]),
                test -> test.advanceTime(Duration.ofMillis(5)),
                _ -> one.get().finish(),
                _ -> two.get().reset(),
                test -> test.advanceTime(Duration.ofSeconds(2)));
    }

    @ParameterizedTest
    @EnumSource(Between.class)
    void leasesComeHomeWhateverStandsBetweenAndWhereverItIsCancelled(Between between) {
        int events = play(between, new Taker(Integer.MAX_VALUE, false), Integer.MAX_VALUE);
        assertThat(events).isGreaterThanOrEqualTo(7);
        for (int at = 0; at <= events; at++) {
            play(between, new Taker(at, false), Integer.MAX_VALUE);
            play(between, new Taker(at, true), Integer.MAX_VALUE);
        }
        for (int step = 0; step < script().size(); step++) {
            play(between, new Taker(Integer.MAX_VALUE, false), step);
        }
    }

    /** Returns how many events came. */
    private static int play(Between between, Taker taker, int cancelBefore) {
        try (HotpathTest test = HotpathTest.open()) {
            stream().doOnNext(event -> {
                if (event instanceof HotpathEvent.Accept accept) {
                    accept.connection().startRecv();
                }
            })
                    .transform(between.operators)
                    .transform(HotpathEvent.releaseDiscarded())
                    .subscribe(taker);
            test.run();
            List<Consumer<HotpathTest>> steps = script();
            for (int i = 0; i < steps.size(); i++) {
                if (i == cancelBefore) {
                    taker.cancel();
                }
                steps.get(i).accept(test);
            }
            taker.cancel();
        }
        assertThat(taker.afterCancel).as("events after cancel").isZero();
        return taker.count;
    }

    /** The same for connections on their own demand. */
    @SuppressWarnings("ImmutableEnumChecker") // its logic keeps nothing
    enum Logic {
        ECHO(c -> c.send(c.receive())),
        RETAINED(c -> c.send(c.receive().doOnNext(HotpathBuffer::retain).publishOn(Schedulers.parallel(), 2))),
        COPIED(c -> c.send(c.receive().map(buffer -> HotpathBuffer.wrap(buffer.toByteArray())))),
        TAKE(c -> c.send(c.receive().take(2))),
        FILTERED(c -> c.send(c.receive().filter(buffer -> buffer.byteAt(0) == 1))),
        BUFFERED(c -> c.send(c.receive().doOnNext(HotpathBuffer::retain).buffer(2)
                .concatMapIterable(Function.identity()))),
        NEVER_READ(_ -> Mono.never()),
        TIMED_OUT(c -> c.receive().then().timeout(Duration.ofSeconds(1)));

        final Function<HotpathConnection, Mono<Void>> logic;

        Logic(Function<HotpathConnection, Mono<Void>> logic) {
            this.logic = logic;
        }
    }

    @ParameterizedTest
    @EnumSource(Logic.class)
    void leasesOfAConnectionComeHomeWhereverTheStreamIsCancelled(Logic logic) {
        for (int cancelBefore = 0; cancelBefore <= script().size(); cancelBefore++) {
            try (HotpathTest test = HotpathTest.open()) {
                BaseSubscriber<Void> subscriber = new BaseSubscriber<>() {};
                stream().transform(Connections.each(logic.logic)).subscribe(subscriber);
                test.run();
                List<Consumer<HotpathTest>> steps = script();
                for (int i = 0; i < steps.size(); i++) {
                    if (i == cancelBefore) {
                        subscriber.cancel();
                    }
                    steps.get(i).accept(test);
                }
                subscriber.cancel();
            }
        }
    }

    // ---- a subscriber that throws -------------------------------------------------------------------------------

    enum Signal {
        ON_SUBSCRIBE, ON_NEXT, ON_ERROR, ON_COMPLETE
    }

    static Stream<Arguments> throwing() {
        return Stream.of(Signal.values()).flatMap(
                signal -> IntStream.rangeClosed(1, signal == Signal.ON_NEXT ? 6 : 1)
                        .mapToObj(at -> Arguments.of(signal, at)));
    }

    /** Against the rules (2.13), but what is below must not suffer: it ends as if it had failed, and nothing is left. */
    @ParameterizedTest
    @MethodSource("throwing")
    void aSubscriberThatThrowsLeavesNothingBehind(Signal signal, int at) {
        AtomicInteger nexts = new AtomicInteger();
        List<Object> ends = new ArrayList<>();
        AtomicReference<Bound> bound = new AtomicReference<>();
        try (HotpathTest test = HotpathTest.open()) {
            try {
                stream().doOnBound(bound::set).subscribe(new CoreSubscriber<HotpathEvent>() {
                    @Override
                    public void onSubscribe(Subscription subscription) {
                        subscription.request(signal == Signal.ON_ERROR ? -1 : Long.MAX_VALUE);
                        throwAt(Signal.ON_SUBSCRIBE);
                    }

                    @Override
                    public void onNext(HotpathEvent event) {
                        if (nexts.incrementAndGet() == at) {
                            throwAt(Signal.ON_NEXT); // keeps nothing, releases nothing
                        }
                        Running.echo(event);
                    }

                    @Override
                    public void onError(Throwable failure) {
                        ends.add(failure);
                        throwAt(Signal.ON_ERROR);
                    }

                    @Override
                    public void onComplete() {
                        ends.add("complete");
                        throwAt(Signal.ON_COMPLETE);
                    }

                    private void throwAt(Signal here) {
                        if (signal == here) {
                            throw new IllegalStateException("thrown in " + here);
                        }
                    }
                });
            } catch (IllegalStateException inOnSubscribe) {
                assertThat(signal).isEqualTo(Signal.ON_SUBSCRIBE); // and no loop was started for it
            }
            test.run();
            if (signal == Signal.ON_NEXT || signal == Signal.ON_COMPLETE) {
                HotpathTestPeer peer = test.connect(PORT);
                peer.send(chunk(1));
                peer.send(chunk(2));
                peer.finish();
                bound.get().dispose();
                test.run();
            }
            switch (signal) {
                case ON_SUBSCRIBE -> assertThat(bound.get()).isNull();
                case ON_NEXT -> assertThat(ends).singleElement().asString().contains("thrown in ON_NEXT");
                case ON_ERROR -> assertThat(ends).singleElement().isInstanceOf(IllegalArgumentException.class);
                case ON_COMPLETE -> assertThat(ends).containsExactly("complete");
            }
            if (bound.get() != null) {
                assertThat(bound.get().isDisposed()).isTrue();
                StepVerifier.create(bound.get().onDispose()).verifyComplete();
            }
        }
    }

    @Test
    void aReaderThatThrowsCostsItsConnectionOnly() {
        AtomicInteger accepted = new AtomicInteger();
        try (HotpathTest test = HotpathTest.open()) {
            BaseSubscriber<Void> subscriber = new BaseSubscriber<>() {};
            stream().transform(Connections.each(c -> {
                if (accepted.incrementAndGet() > 1) {
                    return c.send(c.receive());
                }
                c.receive().subscribe(new Thrower());
                return Mono.never();
            })).subscribe(subscriber);
            test.run();
            HotpathTestPeer one = test.connect(PORT);
            one.send(chunk(1));
            assertThat(one.sawReset()).isTrue();
            HotpathTestPeer two = test.connect(PORT);
            two.send(chunk(2));
            assertThat(two.take()).isEqualTo(chunk(2));
            subscriber.cancel();
        }
    }

    private static final class Thrower implements CoreSubscriber<HotpathBuffer> {
        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(1);
        }

        @Override
        public void onNext(HotpathBuffer buffer) {
            throw new IllegalStateException("thrown at the connection");
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onComplete() {}
    }

    // ---- hooks --------------------------------------------------------------------------------------------------

    @Test
    void aFailureThatNobodyCanHearAnyMoreIsDropped() {
        List<Throwable> dropped = new ArrayList<>();
        Hooks.onErrorDropped(dropped::add);
        try (HotpathTest test = HotpathTest.open()) {
            stream().subscribe(new CoreSubscriber<HotpathEvent>() {
                private Subscription subscription;

                @Override
                public void onSubscribe(Subscription given) {
                    subscription = given;
                    given.request(Long.MAX_VALUE);
                }

                @Override
                public void onNext(HotpathEvent event) {
                    subscription.cancel();
                    throw new IllegalStateException("after cancel");
                }

                @Override
                public void onError(Throwable failure) {
                    throw new AssertionError("a signal after cancel", failure);
                }

                @Override
                public void onComplete() {
                    throw new AssertionError("a signal after cancel");
                }
            });
            test.run();
            test.connect(PORT);
            test.run();
            assertThat(dropped).singleElement().asString().contains("after cancel");
        } finally {
            Hooks.resetOnErrorDropped();
        }
    }

    @Test
    void nothingComesAfterTheEndThatHooksWouldHaveToDrop() {
        List<Object> dropped = new ArrayList<>();
        Hooks.onNextDropped(dropped::add);
        Hooks.onErrorDropped(dropped::add);
        try {
            for (Between between : Between.values()) {
                for (int at = 1; at <= 8; at++) {
                    play(between, new Taker(at, false), Integer.MAX_VALUE);
                }
            }
            assertThat(dropped).isEmpty();
        } finally {
            Hooks.resetOnNextDropped();
            Hooks.resetOnErrorDropped();
        }
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    @Test
    void timeoutEndsAnIdleStreamAndEverythingOfIt() {
        try (HotpathTest test = HotpathTest.open()) {
            AtomicReference<HotpathTestPeer> peer = new AtomicReference<>();
            StepVerifier.create(stream().timeout(Duration.ofSeconds(30)), 8)
                    .then(test::run)
                    .then(() -> peer.set(test.connect(PORT)))
                    .assertNext(event -> event.connection().startRecv())
                    .then(() -> test.advanceTime(Duration.ofSeconds(29)))
                    .then(() -> peer.get().send(chunk(1)))
                    .assertNext(event -> ((HotpathEvent.Recv) event).buffer().release())
                    .then(() -> test.advanceTime(Duration.ofSeconds(29)))
                    .then(() -> assertThat(peer.get().sawReset()).isFalse())
                    .then(() -> test.advanceTime(Duration.ofSeconds(2)))
                    .expectError(TimeoutException.class)
                    .verify(Duration.ofSeconds(20));
            test.run();
            assertThat(peer.get().sawReset()).isTrue();
            assertThat(test.connect(PORT).refused()).isTrue();
        }
    }

    @Test
    void demandIsCountedExactlyThroughEveryKindOfEvent() {
        try (HotpathTest test = HotpathTest.open()) {
            AtomicReference<HotpathTestPeer> peer = new AtomicReference<>();
            StepVerifier.create(stream(), 0)
                    .then(test::run)
                    .then(() -> peer.set(test.connect(PORT)))
                    .then(() -> peer.get().send(chunk(1)))
                    .thenRequest(1)
                    .then(test::run)
                    .assertNext(event -> event.connection().startRecv())
                    .then(test::run)
                    .thenRequest(1)
                    .then(test::run)
                    .assertNext(event -> event.connection().send(((HotpathEvent.Recv) event).buffer(), 9))
                    .then(test::run)
                    .thenRequest(1)
                    .then(test::run)
                    .expectNextMatches(event -> event instanceof HotpathEvent.Send send && send.token() == 9)
                    .then(() -> peer.get().finish())
                    .then(() -> assertThat(peer.get().take()).isEqualTo(chunk(1)))
                    .thenRequest(1)
                    .then(test::run)
                    .expectNextMatches(HotpathEvent.Close.class::isInstance)
                    .thenCancel()
                    .verify(Duration.ofSeconds(20));
        }
    }
}
