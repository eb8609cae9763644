package io.hotpath.snippets;

import io.hotpath.reactor.CompletionStream;
import io.hotpath.reactor.Connections;
import io.hotpath.reactor.HotpathBuffer;
import io.hotpath.reactor.HotpathConnection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.zip.CRC32;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What the Javadoc of connections and buffers shows. */
final class ConnectionSnippets {
    void each() {
        // @start region="each"
        CompletionStream.listen(7007)
                .transform(Connections.each(connection -> connection.send(connection.receive())))
                .blockLast();
        // @end
    }

    Mono<Void> own(HotpathConnection connection) {
        // @start region="own"
        Flux<HotpathBuffer> ticks = Flux.interval(Duration.ofSeconds(1))
                .onBackpressureDrop() // while the peer does not read
                .map(tick -> HotpathBuffer.of(tick + "\n", StandardCharsets.US_ASCII));
        Mono<Void> serve = connection.send(ticks);
        // @end
        return serve;
    }

    Mono<Void> retain(HotpathConnection connection) {
        // @start region="retain"
        Flux<HotpathBuffer> elsewhere = connection.receive()
                .doOnNext(HotpathBuffer::retain) // or it would be released when this onNext returns
                .publishOn(Schedulers.parallel(), 4);
        Mono<Void> serve = connection.send(elsewhere); // which takes each of them
        // @end
        return serve;
    }

    Mono<Void> halfClose(HotpathConnection connection) {
        // @start region="halfClose"
        CRC32 sum = new CRC32();
        Mono<Void> serve = connection.receive()
                .doOnNext(buffer -> sum.update(buffer.toByteArray()))
                .then(Mono.fromSupplier(() -> HotpathBuffer.of(sum.getValue() + "\n", StandardCharsets.US_ASCII)))
                .as(connection::send); // after the peer's end, which is not the end of this side
        // @end
        return serve;
    }

    String buffer(HotpathBuffer buffer) {
        // @start region="buffer"
        byte first = buffer.byteAt(0);
        String text = buffer.toString(StandardCharsets.UTF_8); // copies
        buffer.release();
        assert buffer.released(); // and byteAt(0) would throw
        // @end
        return first + text;
    }
}
