package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** F-45, F-46: {@code io_uring_setup} answers as an older kernel, or as a host that is full. */
@Tag("forked")
@Tag("faults")
final class SetupFaultsIT {
    private static final int IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    private static final int IORING_SETUP_DEFER_TASKRUN = 1 << 13;
    private static final int IORING_SETUP_NO_SQARRAY = 1 << 16;

    @ParameterizedTest
    @CsvSource({"1, true", "2, false", "3, false"})
    void refusedFlagsArePeeledOff(int refusals, boolean deferred) {
        try (Strace strace = Strace.open()) {
            Answer ring;
            try (Child child = strace.inject("io_uring_setup", "error=EINVAL:when=1.." + refusals)) {
                ring = child.ask("ring");
            }
            assertThat(strace.injected("EINVAL")).isEqualTo(refusals);
            assertThat(ring.status()).as(ring.toString()).isEqualTo(Answer.OK);
            long flags = ring.number("setupFlags");
            assertThat(flags & IORING_SETUP_NO_SQARRAY).isZero();
            assertThat((flags & IORING_SETUP_DEFER_TASKRUN) != 0).isEqualTo(deferred);
            assertThat((flags & IORING_SETUP_SINGLE_ISSUER) != 0).isTrue();
        }
    }

    /** Each rung of the ladder serves connections, not only the best. */
    @ParameterizedTest
    @CsvSource({"1", "2", "3"})
    void echoesOnAPeeledRing(int refusals) {
        try (Strace strace = Strace.open()) {
            try (Child child = strace.inject("io_uring_setup", "error=EINVAL:when=1.." + refusals)) {
                ClosingAudit before = ClosingAudit.of(child.pid());
                Answer opened = child.ask("open io_uring");
                assertThat(opened.status()).as(opened.toString()).isEqualTo(Answer.OK);
                ChecksumClient.echo((int) opened.number("port"), 1 << 20, refusals);
                assertThat(child.ask("close").text("leaks")).isEmpty();
                before.requireNoMore();
            }
            assertThat(strace.injected("EINVAL")).isEqualTo(refusals);
        }
    }

    @Test
    void refusedBareRingIsAnOldKernel() {
        assertRefused("EINVAL", "TOO_OLD", "needs Linux 6.0");
    }

    @Test
    void fullMemoryMakesASmallerRing() {
        try (Strace strace = Strace.open()) {
            Answer ring;
            try (Child child = strace.inject("io_uring_setup", "error=ENOMEM:when=1..2")) {
                ring = child.ask("ring");
            }
            assertThat(strace.injected("ENOMEM")).isEqualTo(2);
            assertThat(ring.status()).as(ring.toString()).isEqualTo(Answer.OK);
            assertThat(ring.number("sqEntries")).isEqualTo(512 / 4);
            assertThat(ring.number("cqEntries")).isEqualTo(2048 / 4);
            assertThat(ring.text("deferTaskrun")).isEqualTo("true"); // memory is no reason to peel
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ENOMEM, MEMLOCK, ulimit -l",
        "EMFILE, DESCRIPTORS, ulimit -n",
        "ENFILE, DESCRIPTORS, fs.file-max",
    })
    void fullHostFailsTheStartWithTheLimitToRaise(String errno, String reason, String remedy) {
        assertRefused(errno, reason, remedy);
    }

    /** Out of memory for a ring is not out of memory for epoll. */
    @Test
    void fullMemoryRunsOnTheNextKernelUnderPolicyAuto() {
        Tools.requireFallback();
        try (Strace strace = Strace.open()) {
            try (Child child = strace.inject("io_uring_setup", "error=ENOMEM")) {
                Answer opened = child.ask("open auto");
                assertThat(opened.text("kernel")).as(opened.toString()).isEqualTo("epoll");
                ChecksumClient.echo((int) opened.number("port"), 64 << 10, 1);
            }
            assertThat(strace.injected("ENOMEM")).isPositive();
        }
    }

    private static void assertRefused(String errno, String reason, String remedy) {
        try (Strace strace = Strace.open()) {
            try (Child child = strace.inject("io_uring_setup", "error=" + errno)) {
                ClosingAudit before = ClosingAudit.of(child.pid());
                Answer refused = child.ask("open io_uring");
                assertThat(refused.status()).isEqualTo(Answer.REFUSED);
                assertThat(refused.text("errno")).isEqualTo(errno);
                assertThat(refused.text("reason")).isEqualTo(reason);
                assertThat(refused.message()).contains("io_uring_setup: " + errno).contains(remedy);
                before.requireNoMore();
            }
            assertThat(strace.injected(errno)).isPositive();
        }
    }
}
