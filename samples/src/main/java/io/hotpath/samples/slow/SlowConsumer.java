package io.hotpath.samples.slow;

import io.hotpath.reactor.HotpathBuffer;
import io.hotpath.reactor.HotpathServer;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** Reads a burst, then pauses: it asks for nothing, so nothing is received, and the peer's TCP window closes. */
final class SlowConsumer {
    private SlowConsumer() {}

    static HotpathServer create(long burstBytes, Duration pause, Progress progress) {
        return HotpathServer.create().handle((in, out) -> in.receive()
                .map(HotpathBuffer::length)
                .scan(new long[1], (total, length) -> new long[]{total[0] + length, length})
                .skip(1)
                .concatMap(total -> {
                    progress.took(total[1]);
                    boolean burstOver = total[0] / burstBytes != (total[0] - total[1]) / burstBytes;
                    return burstOver ? pause(pause, progress) : Mono.empty();
                }, 1)
                .then());
    }

    private static Mono<Void> pause(Duration pause, Progress progress) {
        progress.consumer("pauses");
        return Mono.delay(pause).doOnNext(over -> progress.consumer("resumes")).then();
    }
}
