package io.hotpath.samples.filedrop;

import java.time.Duration;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Where writing blocks, so it is done off the loop.
 *
 * @param bytesPerSecond what it takes at most, to play a slow one; 0 as fast as it is
 */
record Disk(long bytesPerSecond) {
    /** Completes when {@code bytes} are written, and as much time has passed as the disk needs for them. */
    Mono<Void> write(Upload upload, byte[] bytes) {
        Mono<Void> written =
                Mono.<Void>fromRunnable(() -> upload.write(bytes)).subscribeOn(Schedulers.boundedElastic());
        return bytesPerSecond == 0 ? written : written.then(Mono.delay(time(bytes.length))).then();
    }

    private Duration time(int bytes) {
        return Duration.ofNanos(bytes * 1_000_000_000L / bytesPerSecond);
    }
}
