package io.hotpath.samples.slow;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What the consumer took and what the peer wrote, printed when either stops or goes on. Any thread. */
class Progress {
    private final long start = System.nanoTime();
    private final AtomicLong taken = new AtomicLong();

    void took(long bytes) {
        taken.addAndGet(bytes);
    }

    long taken() {
        return taken.get();
    }

    void consumer(String does) {
        print("consumer took " + (taken.get() >> 10) + " KiB, " + does);
    }

    void peer(long written, String does) {
        print("peer wrote " + (written >> 10) + " KiB, " + does);
    }

    /** One line, with the seconds since the start. */
    void print(String line) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        System.out.printf("%5d.%d s  %s%n", millis / 1000, millis % 1000 / 100, line);
    }
}
