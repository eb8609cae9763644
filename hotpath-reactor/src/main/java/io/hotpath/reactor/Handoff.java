package io.hotpath.reactor;

import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Blocking work on another thread, for a buffer that it owns meanwhile. One per subscriber. */
final class Handoff<T> {
    private final HotpathBuffer buffer;
    private final Function<? super HotpathBuffer, ? extends T> work;

    /** Set by the first of: the work begins, nobody wants it any more. */
    private final AtomicBoolean decided = new AtomicBoolean();

    private Handoff(HotpathBuffer buffer, Function<? super HotpathBuffer, ? extends T> work) {
        this.buffer = buffer;
        this.work = work;
    }

    static <T> Mono<T> call(Callable<? extends T> work, Scheduler loop) {
        return call(work, Schedulers.boundedElastic(), loop);
    }

    static <T> Mono<T> call(
            HotpathBuffer buffer, Function<? super HotpathBuffer, ? extends T> work, Scheduler loop) {
        return call(buffer, work, Schedulers.boundedElastic(), loop);
    }

    private static <T> Mono<T> call(Callable<? extends T> work, Scheduler elsewhere, Scheduler loop) {
        return Mono.<T>fromCallable(work).subscribeOn(elsewhere).publishOn(loop);
    }

    static <T> Mono<T> call(
            HotpathBuffer buffer, Function<? super HotpathBuffer, ? extends T> work, Scheduler elsewhere,
            Scheduler loop) {
        return Mono.defer(() -> {
            Handoff<T> handoff = new Handoff<>(Ownership.move(buffer), work);
            return call(handoff::run, elsewhere, loop).doFinally(signal -> handoff.abandon());
        });
    }

    private T run() {
        if (!decided.compareAndSet(false, true)) {
            throw new IllegalStateException("cancelled");
        }
        try {
            return work.apply(buffer);
        } finally {
            Ownership.discard(buffer);
        }
    }

    /** Also after it ran, and then without effect. */
    private void abandon() {
        if (decided.compareAndSet(false, true)) {
            Ownership.discard(buffer);
        }
    }
}
