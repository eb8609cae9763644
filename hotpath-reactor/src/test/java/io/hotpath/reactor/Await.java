package io.hotpath.reactor;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition, with a deadline. */
final class Await {
    private static final long DEADLINE_NANOS = 20_000_000_000L;

    private Await() {}

    static void until(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > DEADLINE_NANOS) {
                throw new AssertionError("not within 20 seconds: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
