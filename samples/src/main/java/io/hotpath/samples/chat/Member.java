package io.hotpath.samples.chat;

import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.BufferOverflowStrategy;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/**
 * One who is in the room. A member who reads slowly does not slow the others: it may be {@link #BEHIND_MAX} lines behind, then it
 * misses the oldest of them, and is told how many it missed.
 */
final class Member {
    /** Lines that wait for one member; with the longest lines a quarter of a megabyte. */
    static final int BEHIND_MAX = 256;

    private final Room room;
    private final String name;
    private final AtomicInteger missed = new AtomicInteger();
    private final Sinks.Empty<Void> left = Sinks.empty();

    Member(Room room, String name) {
        this.room = room;
        this.name = name;
    }

    void say(String text) {
        room.say(name + ": " + text + "\n");
    }

    /** Lines from now on, until it leaves. */
    Flux<String> hears() {
        return room.lines()
                .takeUntilOther(left.asMono())
                .onBackpressureBuffer(BEHIND_MAX, dropped -> missed.incrementAndGet(),
                        BufferOverflowStrategy.DROP_OLDEST)
                .map(this::withNotice);
    }

    private String withNotice(String line) {
        int lines = missed.getAndSet(0);
        return lines == 0 ? line : "* you missed " + lines + " lines\n" + line;
    }

    void leave() {
        left.tryEmitEmpty();
    }
}
