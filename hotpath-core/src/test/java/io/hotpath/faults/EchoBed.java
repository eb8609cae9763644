package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** The echo of a {@link Child}, and everything that must be 0 when it has ended. */
final class EchoBed implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long LOOK_NANOS = 2_000_000;

    private final Child child;
    private final ClosingAudit before;
    private final int port;

    private EchoBed(Child child, String options) {
        this.child = child;
        before = ClosingAudit.of(child.pid());
        Answer opened = child.ask("open " + options);
        assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);
        String policy = options.split(" ", 2)[0];
        assertThat(opened.text("kernel")).isEqualTo(policy);
        port = (int) opened.number("port");
    }

    /**
     * In a child of its own.
     *
     * @param options the policy, and {@link ChildOptions}
     */
    static EchoBed open(String options) {
        return in(Child.start(), options);
    }

    /** In a given child, which ends with it. */
    static EchoBed in(Child child, String options) {
        try {
            return new EchoBed(child, options);
        } catch (RuntimeException | Error failed) {
            child.close();
            throw failed;
        }
    }

    Child child() {
        return child;
    }

    int port() {
        return port;
    }

    Answer stats() {
        return child.ask("stats");
    }

    long count(String counter) {
        return stats().number(counter);
    }

    /** Waits for a condition of the counters. */
    Answer until(String what, Predicate<Answer> condition) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        Answer stats = stats();
        while (!condition.test(stats)) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("never happened: " + what + "; " + stats + child.errors());
            }
            LockSupport.parkNanos(LOOK_NANOS);
            stats = stats();
        }
        return stats;
    }

    /**
     * The closing audit: every connection ended once, every buffer is where the kernel can fill it, nothing was unknown,
     * released twice or unexpected; and when it is closed, no descriptor, mapping, thread or socket is left. All peers must
     * have left. Returns the last counters.
     */
    Answer end() {
        until("every connection has ended",
                s -> s.number("connections") == 0 && s.number("closes") == s.number("accepted"));
        until("every buffer came home", s -> s.text("idleLeaks").isEmpty());
        Answer closed = child.ask("close");
        assertThat(closed.text("leaks")).as(closed.toString()).isEmpty();
        assertThat(closed.number("closes")).as("closed, each once").isEqualTo(closed.number("accepted"));
        before.requireNoMore();
        before.requireNoOrphans(port);
        return closed;
    }

    /** {@link #end} of an echo all of whose peers read what they sent. */
    Answer end(long bytes) {
        Answer closed = end();
        assertThat(closed.number("bytesIn")).as("bytes in").isEqualTo(bytes);
        assertThat(closed.number("bytesOut")).as("bytes out").isEqualTo(bytes);
        return closed;
    }

    @Override
    public void close() {
        child.close();
    }
}
