package io.hotpath.bench.run;

/**
 * Load until a JVM has compiled what the load runs: that takes seconds, and would be counted as the server's CPU and memory. A server
 * is warm when a few windows in a row found its compilers quiet, or when it has had enough of them.
 */
final class WarmUp {
    static final long WINDOW_NANOS = 500_000_000;

    private static final int QUIET_WINDOWS = 3;
    private static final int WINDOWS_MAX = 50;

    /** The share of a window that a quiet JVM compiles in. */
    private static final double QUIET = 0.02;

    private WarmUp() {}

    /** Runs {@code window}, a load of {@link #WINDOW_NANOS} on the server {@code pid}, until it is warm. */
    static void run(long pid, Runnable window) {
        Proc process = new Proc(pid);
        int quiet = 0;
        for (int i = 0; i < WINDOWS_MAX && quiet < QUIET_WINDOWS; i++) {
            long before = process.compilerNanos();
            window.run();
            long compiled = process.compilerNanos() - before; // less than 0 if a compiler's thread has ended
            quiet = compiled >= 0 && compiled < QUIET * WINDOW_NANOS ? quiet + 1 : 0;
        }
    }
}
