package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** Operators that drop events on the way: every lease comes home with {@link HotpathEvent#releaseDiscarded}. */
@Timeout(60)
class DiscardTest {
    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    @Test
    void filteredEventsAreReleased() {
        comesHome(Long.MAX_VALUE, flux -> flux.filter(event -> !(event instanceof HotpathEvent.Recv)), false);
    }

    @Test
    void eventsInAQueueAreReleasedOnCancel() {
        // at once, because publishOn forgets its queue when cancelled before its worker has run (reactor-core #4396)
        comesHome(0, flux -> flux.publishOn(Schedulers.immediate(), 12), true);
    }

    @Test
    void eventsInABufferAreReleasedOnCancel() {
        comesHome(Long.MAX_VALUE, flux -> flux.buffer(1_000).flatMapIterable(Function.identity()), true);
    }

    @Test
    void eventsBehindATakeAreReleased() {
        comesHome(Long.MAX_VALUE, flux -> flux.filter(HotpathEvent.Recv.class::isInstance).skip(1_000_000), true);
    }

    @Test
    void userHooksBelowStillSeeWhatASendDiscards() {
        AtomicInteger seen = new AtomicInteger();
        try (Running<Void> stream = Running.each(
                Running.stream(), c -> c.send(c.receive().filter(_ -> false))
                        .doOnDiscard(HotpathBuffer.class, _ -> seen.incrementAndGet()));
                Peer peer = stream.connect()) {
            peer.write("x").end();
            assertThat(peer.readAll()).isEmpty();
            assertThat(seen.get()).isEqualTo(1);
        }
    }

    private static void comesHome(long demand, Function<Flux<HotpathEvent>, Flux<HotpathEvent>> operators,
            boolean cancel) {
        try (Running<HotpathEvent> stream = Running.start(
                Running.stream(Running.CONFIG.withBuffers(16, 1024)),
                demand,
                flux -> flux.doOnNext(event -> {
                    if (event instanceof HotpathEvent.Accept accept) {
                        accept.connection().startRecv();
                    }
                }).transform(operators).transform(HotpathEvent.releaseDiscarded()))) {
            List<Peer> peers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                peers.add(stream.connect().write(new byte[1024]));
            }
            Await.until("received", () -> stream.stats().bytesIn() >= 1024);
            if (cancel) {
                stream.cancel();
            }
            Await.until("every lease is home", () -> stream.stats().leasesHeld() == 0);
            peers.forEach(Peer::close);
        }
    }
}
