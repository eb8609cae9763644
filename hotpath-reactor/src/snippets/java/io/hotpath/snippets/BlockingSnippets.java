package io.hotpath.snippets;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hotpath.reactor.HotpathBuffer;
import io.hotpath.reactor.HotpathConnection;
import io.hotpath.reactor.HotpathInbound;
import io.hotpath.reactor.HotpathOutbound;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What the Javadoc shows of timers and of work that blocks. */
final class BlockingSnippets {
    Publisher<Void> call(HotpathInbound in, HotpathOutbound out, Path directory) {
        // @start region="call"
        HotpathConnection connection = in.connection();
        return out.sendString(in.asString(UTF_8)
                .concatMap(name -> connection.blocking(() -> Files.readString(directory.resolve(name)))));
        // @end
    }

    Publisher<Void> buffer(HotpathInbound in, Path log) {
        // @start region="buffer"
        return in.receive()
                .concatMap(buffer -> in.connection().blocking(buffer, bytes -> append(log, bytes)), 0)
                .then();
        // @end
    }

    Publisher<Void> timers(HotpathInbound in, HotpathOutbound out) {
        // @start region="timers"
        Flux<String> ticks = Flux.interval(Duration.ofSeconds(1), in.connection().scheduler())
                .onBackpressureDrop()
                .map(tick -> "tick " + tick + "\n");
        return out.sendString(ticks.takeUntilOther(Mono.delay(Duration.ofMinutes(1), in.connection().scheduler())));
        // @end
    }

    private static int append(Path log, HotpathBuffer bytes) {
        try {
            Files.write(log, bytes.toByteArray(), StandardOpenOption.APPEND);
            return bytes.length();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
