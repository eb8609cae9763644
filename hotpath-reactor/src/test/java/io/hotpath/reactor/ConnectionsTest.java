package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

@Timeout(60)
class ConnectionsTest {
    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    // ---- what the logic comes to --------------------------------------------------------------------------------

    @Test
    void closesInOrderWhenTheLogicCompletes() {
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.send(Mono.just(HotpathBuffer.of("bye", StandardCharsets.UTF_8))));
                Peer peer = stream.connect()) {
            assertThat(peer.readAll()).isEqualTo("bye".getBytes(StandardCharsets.UTF_8));
            peer.end();
            Await.until("closed", () -> stream.stats().connections() == 0);
        }
    }

    @Test
    void resetsTheConnectionWhoseLogicFailsAndServesTheOthers() {
        AtomicInteger count = new AtomicInteger();
        try (Running<Void> stream = Running.each(Running.stream(), c -> switch (count.getAndIncrement()) {
            case 0 -> throw new IllegalArgumentException("logic throws");
            case 1 -> Mono.error(new IllegalArgumentException("logic fails"));
            case 2 -> c.receive().doOnNext(_ -> {
                throw new IllegalArgumentException("operator throws");
            }).then();
            case 3 -> null;
            default -> c.send(c.receive());
        })) {
            for (int i = 0; i < 4; i++) {
                Peer.meetReset(stream.port());
            }
            Await.until("reset", () -> stream.stats().closedByReset() == 4);
            try (Peer peer = stream.connect().write("fine")) {
                assertThat(peer.readText(4)).isEqualTo("fine");
            }
        }
    }

    @Test
    void cancelsLogicThatNeverCompletesWhenThePeerLeaves() {
        AtomicInteger cancelled = new AtomicInteger();
        try (Running<Void> stream = Running.each(
                Running.stream(), _ -> Mono.<Void>never().doOnCancel(cancelled::incrementAndGet))) {
            Peer peer = stream.connect().write("x");
            Await.until("received", () -> stream.stats().bytesIn() == 1);
            peer.reset();
            Await.until("cancelled", () -> cancelled.get() == 1);
            assertThat(stream.terminated()).isFalse();
        }
    }

    @Test
    void cancelsEveryLogicWhenTheStreamIsCancelled() {
        AtomicInteger ended = new AtomicInteger();
        try (Running<Void> stream = Running.each(
                Running.stream(), _ -> Mono.<Void>never().doOnCancel(ended::incrementAndGet))) {
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                peers.add(stream.connect());
            }
            Await.until("accepted", () -> stream.stats().accepted() == 10);
            stream.cancel();
            stream.awaitDisposed();
            assertThat(ended.get()).isEqualTo(10);
            peers.forEach(peer -> peer.awaitEnd().close());
        }
    }

    @Test
    void completesWhenTheStreamIsDisposedAndEchoesWhatWasOnItsWay() throws Exception {
        byte[] data = Peer.bytes(5, 64 << 10);
        Running<Void> stream = Running.each(Running.stream(), c -> c.send(c.receive()));
        try (Peer peer = stream.connect().write(data)) {
            Await.until("all received", () -> stream.stats().bytesIn() == data.length);
            stream.bound().dispose();
            assertThat(peer.readAll()).isEqualTo(data);
        }
        stream.awaitCompletion();
        stream.close();
    }

    @Test
    void keepsTheContext() {
        AtomicReference<String> seen = new AtomicReference<>();
        try (Running<Void> stream = Running.start(
                Running.stream(),
                Long.MAX_VALUE,
                flux -> flux.transform(Connections.each(c -> c.receive().then().transformDeferredContextual(
                        (mono, context) -> {
                            seen.set(context.get("who"));
                            return mono;
                        }))).contextWrite(context -> context.put("who", "me")));
                Peer _ = stream.connect()) {
            Await.until("seen", () -> "me".equals(seen.get()));
        }
    }

    @Test
    void servesConnectionsThatComeOverAnotherThread() {
        try (Running<Void> stream = Running.start(
                Running.stream(),
                Long.MAX_VALUE,
                flux -> flux.publishOn(Schedulers.parallel()).transform(Connections.each(c -> c.send(c.receive()))));
                Peer peer = stream.connect().write("hop")) {
            assertThat(peer.readText(3)).isEqualTo("hop");
        }
    }

    // ---- the peer -----------------------------------------------------------------------------------------------

    @Test
    void echoesAMebibyteToAClientThatHasEndedItsSide() throws Exception {
        byte[] data = Peer.bytes(11, 1 << 20);
        try (Running<Void> stream = Running.each(Running.stream(), c -> c.send(c.receive()));
                Peer peer = stream.connect()) {
            var _ = Peer.run(() -> peer.write(data).end());
            assertThat(peer.readAll()).isEqualTo(data);
            Await.until("closed in order", () -> stream.stats().connections() == 0);
            assertThat(stream.stats().closedByReset()).isZero();
        }
    }

    @Test
    void livesOnWhenAClientResetsInTheMiddleOfAnEcho() {
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.send(c.receive().doOnError(failures::add)).doOnError(failures::add))) {
            Peer peer = stream.connect();
            var _ = Peer.run(() -> peer.write(new byte[8 << 20])); // never reads
            Await.until("the echo is under way", () -> stream.stats().bytesOut() > 100_000);
            peer.reset();
            Await.until("gone", () -> stream.stats().connections() == 0);
            assertThat(failures).isNotEmpty().allMatch(IOException.class::isInstance);
            try (Peer next = stream.connect().write("next")) {
                assertThat(next.readText(4)).isEqualTo("next");
            }
        }
    }

    // ---- receive ------------------------------------------------------------------------------------------------

    @Test
    void receivesUnderItsOwnDemand() {
        var received = new ConcurrentLinkedQueue<String>();
        AtomicReference<BaseSubscriber<HotpathBuffer>> reader = new AtomicReference<>();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            BaseSubscriber<HotpathBuffer> slow = new BaseSubscriber<>() {
                @Override
                protected void hookOnSubscribe(org.reactivestreams.Subscription subscription) {}

                @Override
                protected void hookOnNext(HotpathBuffer buffer) {
                    received.add(buffer.toString(StandardCharsets.UTF_8));
                }
            };
            c.receive().subscribe(slow);
            reader.set(slow);
            return Mono.never();
        }); Peer peer = stream.connect().write("one")) {
            Await.until("in the engine", () -> stream.stats().bytesIn() == 3);
            assertThat(received).isEmpty();
            reader.get().request(1);
            Await.until("delivered", () -> received.size() == 1);
            peer.write("two");
            Await.until("in the engine", () -> stream.stats().bytesIn() == 6);
            assertThat(received).containsExactly("one");
            assertThat(stream.stats().leasesHeld()).isZero();
            reader.get().request(1);
            Await.until("delivered", () -> received.size() == 2);
        }
    }

    @Test
    void failsReceiveWhenItAsksForNothing() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            c.receive().subscribe(new reactor.core.CoreSubscriber<>() {
                @Override
                public void onSubscribe(org.reactivestreams.Subscription subscription) {
                    subscription.request(0);
                }

                @Override
                public void onNext(HotpathBuffer buffer) {}

                @Override
                public void onError(Throwable thrown) {
                    failure.set(thrown);
                }

                @Override
                public void onComplete() {}
            });
            return Mono.never();
        }); Peer _ = stream.connect()) {
            Await.until("refused", () -> failure.get() instanceof IllegalArgumentException);
        }
    }

    @Test
    void failsReceiveWhenTheConnectionIsClosedBeforeThePeersEnd() {
        AtomicReference<Object> end = new AtomicReference<>();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            c.receive().subscribe(_ -> {}, end::set, () -> end.set("complete"));
            return Mono.empty(); // closes
        }); Peer peer = stream.connect()) {
            peer.awaitEnd().close();
            Await.until("failed", () -> end.get() instanceof IOException);
        }
    }

    @Test
    void refusesASecondReader() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        // behind the first bytes: a reset in the moment of the accept could reach the client within its connect
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.receive().flatMap(_ -> c.receive().then()).then().doOnError(failure::set));
                Peer peer = stream.connect().write("x")) {
            peer.awaitEnd();
            assertThat(failure.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("share()");
        }
    }

    @Test
    void aBufferIsGoneAfterOnNextUnlessItIsRetained() {
        AtomicReference<HotpathBuffer> kept = new AtomicReference<>();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.receive()
                        .doOnNext(kept::set)
                        .publishOn(Schedulers.single())
                        .doOnNext(buffer -> Await.until("onNext has returned", buffer::released))
                        .doOnNext(buffer -> buffer.byteAt(0))
                        .doOnError(failure::set)
                        .then())
                .mistakes(0, 1);
                Peer peer = stream.connect().write("x")) {
            peer.awaitEnd();
            Await.until("failed", () -> failure.get() instanceof IllegalStateException);
            assertThat(kept.get().released()).isTrue();
        }
    }

    @Test
    void aRetainedBufferCrossesThreadsAndIsReleasedThere() {
        var received = new ConcurrentLinkedQueue<String>();
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.receive()
                        .doOnNext(HotpathBuffer::retain)
                        .publishOn(Schedulers.parallel())
                        .doOnNext(buffer -> {
                            received.add(buffer.toString(StandardCharsets.UTF_8));
                            buffer.release();
                        })
                        .then());
                Peer peer = stream.connect()) {
            for (int i = 0; i < 20; i++) {
                int count = i;
                peer.write("x");
                Await.until("received", () -> received.size() == count + 1);
            }
        }
    }

    @Test
    void staysWithEventsOrLeavesThem() {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicBoolean refused = new AtomicBoolean();
        try (Running<Void> stream = Running.each(Running.stream(), c -> {
            try {
                c.startRecv();
            } catch (IllegalStateException wrong) {
                refused.set(true);
            }
            return Mono.never();
        }); Peer _ = stream.connect()) {
            Await.until("startRecv refused", refused::get);
        }
        try (Running<HotpathEvent> stream = Running.start(
                Running.stream(), Long.MAX_VALUE, flux -> flux.doOnNext(event -> {
                    if (event instanceof HotpathEvent.Accept accept) {
                        accept.connection().startRecv();
                        accept.connection().receive().subscribe(_ -> {}, failure::set);
                    }
                }));
                Peer _ = stream.connect()) {
            Await.until("receive refused", () -> failure.get() instanceof IllegalStateException);
        }
    }

    // ---- rails --------------------------------------------------------------------------------------------------

    @Test
    void railsShareAPortAndAConnectionStaysOnItsLoop() {
        Set<String> loops = ConcurrentHashMap.newKeySet();
        Set<String> strays = ConcurrentHashMap.newKeySet();
        List<Running<Void>> rails = new ArrayList<>();
        for (CompletionStream rail : Running.stream().rails(2)) {
            rails.add(Running.each(rail, c -> {
                String loop = Thread.currentThread().getName();
                loops.add(loop);
                return c.send(c.receive().doOnNext(_ -> {
                    if (!Thread.currentThread().getName().equals(loop)) {
                        strays.add(loop);
                    }
                }));
            }));
        }
        int port = rails.get(0).port();
        assertThat(rails.get(1).port()).isEqualTo(port);
        for (int i = 0; i < 200 && (i < 20 || loops.size() < 2); i++) {
            try (Peer peer = Peer.connect(port).write("ab")) {
                assertThat(peer.readText(2)).isEqualTo("ab");
            }
        }
        assertThat(loops).hasSize(2);
        assertThat(strays).isEmpty();
        rails.forEach(Running::close);
    }

    @Test
    void aRailThatNeverListensLeavesNobodyInItsBacklog() {
        List<CompletionStream> rails = Running.stream().rails(2);
        BaseSubscriber<HotpathEvent> cancelled = new BaseSubscriber<>() {};
        cancelled.cancel();
        rails.get(1).subscribe(cancelled);
        try (Running<Void> serving = Running.each(rails.get(0), c -> c.send(c.receive()))) {
            for (int i = 0; i < 50; i++) {
                try (Peer peer = serving.connect().write("ab")) {
                    assertThat(peer.readText(2)).isEqualTo("ab");
                }
            }
        }
    }

    @Test
    void aRailThatIsCancelledLeavesTheOtherServing() {
        List<CompletionStream> rails = Running.stream().rails(2);
        Running<Void> one = Running.each(rails.get(0), c -> c.send(c.receive()));
        try (Running<Void> two = Running.each(rails.get(1), c -> c.send(c.receive()))) {
            assertThat(two.port()).isEqualTo(one.port());
            one.close();
            for (int i = 0; i < 50; i++) {
                try (Peer peer = two.connect().write("ab")) {
                    assertThat(peer.readText(2)).isEqualTo("ab");
                }
            }
        }
    }

    @Test
    void anAddressThatCannotBeHadFailsEveryRail() {
        try (Running<Void> used = Running.each(Running.stream(), c -> c.send(c.receive()))) {
            var address = (java.net.InetSocketAddress) used.bound().address();
            List<Flux<HotpathEvent>> rails = new ArrayList<>(CompletionStream.listen(address).rails(2));
            for (Flux<HotpathEvent> rail : rails) {
                reactor.test.StepVerifier.create(rail).expectError(java.net.BindException.class)
                        .verify(Duration.ofSeconds(20));
            }
        }
    }
}
