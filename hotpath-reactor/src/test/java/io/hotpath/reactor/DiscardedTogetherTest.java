package io.hotpath.reactor;

import java.time.Duration;
import java.util.function.Function;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Buffers that operators have put together, in a queue when their connection ends: every lease comes home. */
@Timeout(60)
class DiscardedTogetherTest {
    /** Retained buffers, of which the first group is released and the others wait behind it. */
    @SuppressWarnings("ImmutableEnumChecker") // its logic keeps nothing
    enum Together {
        LIST(buffers -> buffers.buffer(2).concatMap(list -> {
            list.forEach(HotpathBuffer::release);
            return Mono.never();
        }, 8)),
        LIST_ELSEWHERE(buffers -> buffers.buffer(2).publishOn(Schedulers.parallel(), 8).concatMap(list -> {
            list.forEach(HotpathBuffer::release);
            return Mono.never();
        }, 1)),
        INDEX(buffers -> buffers.index().concatMap(tuple -> {
            tuple.getT2().release();
            return Mono.never();
        }, 8)),
        ZIP(buffers -> Flux.zip(Flux.just(1, 2, 3), buffers, Flux.just(1, 2, 3)).concatMap(tuple -> {
            tuple.getT2().release();
            return Mono.never();
        }, 8)),
        LISTS_OF_TUPLES(buffers -> buffers.index().buffer(2).concatMap(list -> {
            list.forEach(tuple -> tuple.getT2().release());
            return Mono.never();
        }, 8));

        final Function<Flux<HotpathBuffer>, Flux<Void>> logic;

        Together(Function<Flux<HotpathBuffer>, Flux<Void>> logic) {
            this.logic = logic;
        }
    }

    private static Publisher<Void> handle(HotpathInbound in, Together together) {
        return in.receive()
                .map(HotpathBuffer::retain)
                .transform(together.logic)
                .transform(HotpathEvent.releaseDiscarded());
    }

    @ParameterizedTest
    @EnumSource(Together.class)
    void comeHomeWhenThePeerResets(Together together) {
        try (HotpathTest test = HotpathTest.server((in, _) -> handle(in, together))) {
            HotpathTestPeer peer = test.connect();
            for (int i = 0; i < 6; i++) {
                peer.send("x");
            }
            peer.reset();
        }
    }

    @ParameterizedTest
    @EnumSource(Together.class)
    void comeHomeWhenTheHandlerGivesUp(Together together) {
        try (HotpathTest test = HotpathTest.server((in, _) -> Flux.from(handle(in, together))
                .timeout(Duration.ofSeconds(1)))) {
            HotpathTestPeer peer = test.connect();
            for (int i = 0; i < 6; i++) {
                peer.send("x");
            }
            test.advanceTime(Duration.ofSeconds(2));
            test.audit();
        }
    }

    /** What goes into a {@code send} needs no operator for that. */
    @ParameterizedTest
    @EnumSource(names = {"LIST", "INDEX"})
    void comeHomeFromASend(Together together) {
        try (HotpathTest test = HotpathTest.server((in, out) -> out.send(in.receive()
                .map(HotpathBuffer::retain)
                .transform(together.logic)
                .cast(HotpathBuffer.class)))) {
            HotpathTestPeer peer = test.connect();
            for (int i = 0; i < 6; i++) {
                peer.send("x");
            }
            peer.reset();
        }
    }
}
