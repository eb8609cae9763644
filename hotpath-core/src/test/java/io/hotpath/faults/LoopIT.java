package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F-08, F-37, J-1, J-3: what other threads, and the JVM itself, do to a loop that waits in the kernel. */
@Tag("forked")
final class LoopIT {
    private static final int COLLECTIONS = 40;

    /** A call that kept the JVM from reaching a safepoint would hang here. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void waitInTheKernelHoldsUpNoGarbageCollection(String kernel) {
        try (EchoBed bed = EchoBed.open(kernel)) {
            ChecksumClient.echo(bed.port(), 1 << 20, 1);
            Answer idle = bed.until("asleep", s -> s.number("connections") == 0);
            Answer collected = bed.child().ask("gc " + COLLECTIONS);
            assertThat(collected.status()).isEqualTo(Answer.OK);
            assertThat(bed.count("enters") - idle.number("enters"))
                    .as("it slept through them").isLessThan(COLLECTIONS / 2);
            ChecksumClient.echo(bed.port(), 1 << 20, 2);
            bed.end(2 << 20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void tenThousandVirtualThreadsHandOver(String kernel) {
        try (EchoBed bed = EchoBed.open(kernel)) {
            assertThat(bed.child().ask("virtual 10000").number("done")).isEqualTo(10_000);
            bed.end(0);
        }
    }

    /** Each hand-off meets a loop that sleeps or is about to. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    @Tag("faults")
    void noneOfAMillionHandOffsIsLost(String kernel) {
        try (EchoBed bed = EchoBed.open(kernel)) {
            for (int i = 0; i < 10; i++) {
                assertThat(bed.child().ask("handoffs 100000").number("done")).isEqualTo(100_000);
            }
            bed.end(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void demandThatComesAndGoesLosesNothing(String kernel) {
        toggle(kernel, 10_000, 8 << 20);
    }

    @Test
    @Tag("faults")
    void demandThatComesAndGoes100000TimesLosesNothing() {
        toggle("io_uring", 100_000, 64 << 20);
    }

    private static void toggle(String kernel, int toggles, long bytes) {
        try (EchoBed bed = EchoBed.open(kernel)) {
            Thread[] client = {null};
            Throwable[] failure = {null};
            client[0] = Thread.ofPlatform().start(() -> {
                try {
                    ChecksumClient.echo(bed.port(), bytes, 8);
                } catch (Throwable thrown) {
                    failure[0] = thrown;
                }
            });
            bed.until("it flows", s -> s.number("bytesIn") > 0);
            long before = bed.count("turns");
            assertThat(bed.child().ask("toggle " + toggles).status()).isEqualTo(Answer.OK);
            assertThat(bed.count("turns") - before).as("turns").isPositive();
            client[0].join();
            assertThat(failure[0]).isNull();
            bed.end(bytes);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
