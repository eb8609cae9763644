package io.hotpath.samples.chat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Everything that is said, for whoever is in the room at that time. Any thread. */
final class Room {
    /** Members on several loops may speak at once; each waits for the other's line to be handed out. */
    private static final Duration HANDING_OUT_MAX = Duration.ofSeconds(1);

    private final Sinks.Many<String> lines = Sinks.many().multicast().directBestEffort();
    private final AtomicInteger guests = new AtomicInteger();

    Member join() {
        return new Member(this, "guest-" + guests.incrementAndGet());
    }

    void say(String line) {
        lines.emitNext(line, Sinks.EmitFailureHandler.busyLooping(HANDING_OUT_MAX));
    }

    Flux<String> lines() {
        return lines.asFlux();
    }
}
