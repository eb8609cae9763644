package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

@Timeout(60)
class CompletionStreamTest {
    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    // ---- order and demand ---------------------------------------------------------------------------------------

    @Test
    void givesAcceptRecvSendCloseInOrderOneAtATime() {
        AtomicReference<Bound> bound = new AtomicReference<>();
        AtomicReference<Peer> peer = new AtomicReference<>();
        StepVerifier.create(Running.stream().doOnBound(bound::set), 0)
                .then(() -> Await.until("bound", () -> bound.get() != null))
                .then(() -> peer.set(Peer.connect(bound.get().port()).write("hello")))
                .thenRequest(1)
                .assertNext(event -> {
                    assertThat(event).isInstanceOf(HotpathEvent.Accept.class);
                    event.connection().startRecv();
                })
                .thenRequest(1)
                .assertNext(event -> {
                    HotpathEvent.Recv recv = (HotpathEvent.Recv) event;
                    assertThat(new String(recv.buffer().toByteArray(), StandardCharsets.UTF_8))
                            .isEqualTo("hello");
                    recv.connection().send(recv.buffer(), 42);
                })
                .thenRequest(1)
                .assertNext(event -> {
                    HotpathEvent.Send send = (HotpathEvent.Send) event;
                    assertThat(send.token()).isEqualTo(42);
                    assertThat(send.bytes()).isEqualTo(5);
                    assertThat(send.cause()).isNull();
                })
                .then(() -> {
                    assertThat(peer.get().readText(5)).isEqualTo("hello");
                    peer.get().close();
                })
                .thenRequest(1)
                .assertNext(event -> {
                    HotpathEvent.Close close = (HotpathEvent.Close) event;
                    assertThat(close.cause()).isNull();
                    assertThat(close.connection().closed()).isTrue();
                })
                .thenCancel()
                .verify(Duration.ofSeconds(20));
        bound.get().onDispose().block(Duration.ofSeconds(20));
        Audit.clean(bound.get().stats());
    }

    @Test
    void emitsNothingBeyondDemand() {
        try (Running<HotpathEvent> stream = Running.events(Running.stream(), 0)) {
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                peers.add(stream.connect().write("x"));
            }
            Await.until("all are accepted by the engine", () -> stream.stats().accepted() == 3);
            assertThat(stream.events).isEmpty();

            stream.request(1);
            stream.awaitEvents(1);
            HotpathConnection first = stream.events.getFirst().connection();
            first.startRecv();
            Await.until("the byte is here", () -> stream.stats().bytesIn() == 1);
            turns(stream, first);
            assertThat(stream.events).hasSize(1);

            stream.request(2);
            stream.awaitEvents(3);
            turns(stream, first);
            assertThat(stream.events).hasSize(3);
            stream.events.forEach(event -> {
                if (event instanceof HotpathEvent.Recv recv) {
                    recv.buffer().release();
                }
            });
            peers.forEach(Peer::close);
            assertThat(stream.terminated()).isFalse();
        }
    }

    /** Everything that the loop could do by now is done. */
    private static void turns(Running<?> stream, HotpathConnection connection) {
        for (int i = 0; i < 3; i++) {
            long before = stream.stats().turns();
            connection.later(() -> {});
            Await.until("a turn", () -> stream.stats().turns() > before);
        }
    }

    @Test
    void refusesDemandOfZeroThroughOnError() {
        Running<HotpathEvent> stream = Running.events(Running.stream(), 0);
        int port = stream.port();
        stream.badRequest(0);
        assertThat(stream.awaitFailure()).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("3.9");
        stream.close();
        assertThatThrownBy(() -> Peer.connect(port)).hasMessageContaining("refused");
    }

    @Test
    void refusesBadDemandBeforeTheLoopIsOpen() {
        Publisher<HotpathEvent> negative =
                subscriber -> Running.stream().subscribe(new RawSubscriber(subscriber, -5));
        StepVerifier.create(negative, 0)
                .expectErrorMatches(failure -> failure instanceof IllegalArgumentException
                        && failure.getMessage().contains("-5"))
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void takesDemandThatWasThereBeforeTheLoop() {
        try (Running<HotpathEvent> stream = Running.events(Running.stream(), 1); Peer _ = stream.connect()) {
            stream.awaitEvents(1);
        }
    }

    // ---- bound --------------------------------------------------------------------------------------------------

    @Test
    void failsWithBindExceptionOnAUsedPort() throws IOException {
        try (ServerSocket used = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            StepVerifier.create(
                    CompletionStream.listen(new InetSocketAddress(used.getInetAddress(), used.getLocalPort())))
                    .expectErrorSatisfies(failure -> assertThat(failure)
                            .isInstanceOf(BindException.class)
                            .hasMessageContaining("Address already in use")
                            .hasMessageContaining(":" + used.getLocalPort()))
                    .verify(Duration.ofSeconds(20));
        }
        Await.until("no loop is left", () -> Audit.loopThreads() == 0);
    }

    @Test
    void saysWhereItListensBeforeAnyEvent() {
        List<Object> order = new CopyOnWriteArrayList<>();
        CompletionStream stream = Running.stream().doOnBound(bound -> {
            order.add("bound");
            assertThat(bound.port()).isPositive();
            assertThat(bound.isDisposed()).isFalse();
            assertThat(Thread.currentThread()).isInstanceOf(HotpathThread.class);
            Peer.connect(bound.port()).close(); // is in the backlog already
        });
        try (Running<HotpathEvent> running = Running.start(stream, Long.MAX_VALUE, flux -> flux.doOnNext(order::add))) {
            running.awaitEvents(1);
            assertThat(order.getFirst()).isEqualTo("bound");
            assertThat(order.get(1)).isInstanceOf(HotpathEvent.Accept.class);
        }
    }

    @Test
    void failsWithWhatDoOnBoundThrows() {
        StepVerifier.create(Running.stream().doOnBound(_ -> {
            throw new IllegalStateException("not today");
        })).expectErrorMessage("not today").verify(Duration.ofSeconds(20));
        Await.until("no loop is left", () -> Audit.loopThreads() == 0);
    }

    @Test
    void subscribesTwiceToTwoLoops() {
        CompletionStream stream = Running.stream();
        try (Running<HotpathEvent> one = Running.events(stream, 1);
                Running<HotpathEvent> two = Running.events(stream, 1)) {
            assertThat(one.port()).isNotEqualTo(two.port());
        }
    }

    // ---- cancel -------------------------------------------------------------------------------------------------

    @Test
    void cancelClosesEverything() {
        var before = Audit.descriptors();
        Running<HotpathEvent> stream = Running.start(
                Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(Running::echo));
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            peers.add(stream.connect().write("abc"));
        }
        peers.forEach(peer -> assertThat(peer.readText(3)).isEqualTo("abc"));
        stream.cancel();
        Bound bound = stream.awaitDisposed();
        assertThat(bound.isDisposed()).isTrue();
        peers.forEach(peer -> peer.awaitEnd().close());
        Audit.clean(bound.stats());
        assertThat(stream.terminated()).as("a signal after cancel").isFalse();
        Await.until("no loop is left", () -> Audit.loopThreads() == 0);
        assertThat(Audit.descriptors()).isEqualTo(before);
    }

    @Test
    void cancelBeforeTheLoopOpensStartsNothing() {
        for (int i = 0; i < 50; i++) {
            BaseSubscriber<HotpathEvent> subscriber = new BaseSubscriber<>() {};
            subscriber.cancel();
            Running.stream().doOnBound(_ -> {
                throw new AssertionError("bound");
            }).subscribe(subscriber);
        }
        assertThat(Audit.loopThreads()).isZero();
    }

    @Test
    void cancelRightAfterSubscribeLeavesNothing() {
        var before = Audit.descriptors();
        for (int i = 0; i < 50; i++) {
            BaseSubscriber<HotpathEvent> subscriber = new BaseSubscriber<>() {};
            Running.stream().subscribe(subscriber);
            for (int spin = 0; spin < i * 1000; spin++) {
                Thread.onSpinWait();
            }
            subscriber.cancel();
        }
        Await.until("no loop is left", () -> Audit.loopThreads() == 0);
        assertThat(Audit.descriptors()).isEqualTo(before);
    }

    @Test
    void cancelInOnNextIsTheLastEvent() {
        AtomicReference<Running<HotpathEvent>> self = new AtomicReference<>();
        try (Running<HotpathEvent> stream = Running.start(Running.stream(), 0, flux -> flux.doOnNext(event -> {
            Running.echo(event);
            if (event instanceof HotpathEvent.Recv) {
                self.get().cancel();
            }
        }))) {
            self.set(stream);
            Peer one = stream.connect().write("a");
            Peer two = stream.connect().write("b");
            stream.request(Long.MAX_VALUE);
            stream.awaitDisposed();
            one.awaitEnd().close();
            two.awaitEnd().close();
            assertThat(stream.events).filteredOn(HotpathEvent.Recv.class::isInstance).hasSizeLessThanOrEqualTo(1);
            assertThat(stream.events).noneMatch(HotpathEvent.Close.class::isInstance);
        }
    }

    @Test
    void leasesStayReadableAfterCancelUntilTheyAreReleased() {
        Running<HotpathEvent> stream = Running.start(Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
            if (event instanceof HotpathEvent.Accept accept) {
                accept.connection().startRecv();
            }
        }));
        Peer peer = stream.connect().write("kept");
        stream.awaitEvents(2);
        HotpathEvent.Recv recv = (HotpathEvent.Recv) stream.events.get(1);
        stream.cancel();
        Bound bound = stream.awaitDisposed();
        peer.awaitEnd().close();
        assertThat(bound.stats().leasesHeld()).isEqualTo(1);
        assertThat(recv.buffer().toByteArray()).isEqualTo("kept".getBytes(StandardCharsets.UTF_8));

        recv.connection().send(recv.buffer()); // its loop is gone: released, and nothing more
        assertThat(recv.buffer().released()).isTrue();
        assertThatThrownBy(() -> recv.buffer().byteAt(0)).isInstanceOf(IllegalStateException.class);
        Audit.clean(bound.stats());
    }

    @Test
    void callsAfterTheLoopEndedAreHarmlessAndNeverSilent() {
        Running<HotpathEvent> stream = Running.events(Running.stream(), Long.MAX_VALUE);
        Peer peer = stream.connect();
        stream.awaitEvents(1);
        HotpathConnection connection = stream.events.getFirst().connection();
        stream.close();
        peer.awaitEnd().close();

        connection.startRecv();
        connection.shutdownOutput();
        connection.close();
        connection.reset();
        stream.bound().dispose();
        StepVerifier.create(connection.receive()).expectError(IOException.class).verify(Duration.ofSeconds(5));
        StepVerifier.create(connection.send(connection.receive())).expectError(IOException.class)
                .verify(Duration.ofSeconds(5));
        assertThat(connection.closed()).isTrue();
    }

    // ---- ends in order ------------------------------------------------------------------------------------------

    @Test
    void disposeCompletesAfterTheLastCloseAndSendsWhatWasGivenBefore() throws Exception {
        byte[] data = Peer.bytes(7, 256 << 10);
        Running<HotpathEvent> stream = Running.start(Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
            if (event instanceof HotpathEvent.Accept accept) {
                accept.connection().send(HotpathBuffer.wrap(data));
            }
        }));
        Peer peer = stream.connect();
        stream.awaitEvents(1);
        stream.bound().dispose();
        stream.bound().dispose();
        assertThat(peer.readAll()).isEqualTo(data);
        peer.close();
        stream.awaitCompletion();
        assertThat(stream.events.getLast()).isInstanceOf(HotpathEvent.Close.class);
        assertThat(((HotpathEvent.Close) stream.events.getLast()).cause()).isNull();
        assertThat(stream.events).anyMatch(event -> event instanceof HotpathEvent.Send send
                && send.bytes() == data.length && send.cause() == null);
        stream.close();
    }

    @Test
    void disposeOfAnIdleStreamCompletesIt() {
        Running<HotpathEvent> stream = Running.events(Running.stream(), 0);
        stream.bound().dispose();
        stream.awaitCompletion();
        stream.close();
    }

    @Test
    void disposeInDoOnBoundCompletes() {
        StepVerifier.create(Running.stream().doOnBound(Bound::dispose)).expectComplete()
                .verify(Duration.ofSeconds(20));
    }

    @Test
    void onDisposeComesAfterTheTerminalSignal() {
        Running<HotpathEvent> stream = Running.events(Running.stream(), 0);
        Boolean terminated = stream.bound().onDispose().then(Mono.fromCallable(stream::terminated))
                .doOnSubscribe(_ -> stream.bound().dispose())
                .block(Duration.ofSeconds(20));
        assertThat(terminated).isTrue();
        stream.close();
    }

    // ---- a subscriber that fails --------------------------------------------------------------------------------

    @Test
    void aSubscriberThatThrowsEndsTheStreamAndItsLeaseComesHome() {
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        AtomicReference<Bound> bound = new AtomicReference<>();
        // Reactor's own subscribers turn their exceptions into cancel and onError; this one throws at the stream
        Running.stream().doOnBound(bound::set).subscribe(new RawThrower(failures));
        Await.until("bound", () -> bound.get() != null);
        Peer peer = Peer.connect(bound.get().port()).write("x");
        bound.get().onDispose().block(Duration.ofSeconds(20));
        peer.awaitEnd().close();
        assertThat(failures).singleElement().satisfies(failure -> assertThat(failure).hasMessage("no more"));
        assertThat(bound.get().stats().receives()).isEqualTo(1);
        Audit.clean(bound.get().stats());
    }
}
