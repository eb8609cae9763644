package io.hotpath.kernel.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.linux.Driver.Cqe;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What a real ring does, on the kernel that runs the test. */
final class LinuxRingTest {
    static final List<Integer> ladder = SetUp.LADDER;

    private LinuxRing ring;
    private Driver driver;

    @BeforeEach
    void open() {
        ring = UringHost.open(UringHost.RESTRICTED);
        driver = new Driver(ring);
    }

    @AfterEach
    void close() {
        if (ring != null) {
            ring.close();
        }
    }

    @Test
    void carriesUserDataThroughANop() {
        driver.prep(Abi.IORING_OP_NOP, -1, 0xfeed_0000_0000_beefL);

        assertThat(driver.enter(1)).isEqualTo(1);
        assertThat(driver.reap()).containsExactly(new Cqe(0xfeed_0000_0000_beefL, 0, 0));
    }

    @Test
    void wrapsAroundBothQueues() {
        assertCompletesNops(driver, 100);
    }

    @ParameterizedTest
    @FieldSource("ladder")
    void completesANopWithEverySetOfFlags(int flags) {
        LinuxRing other = UringHost.open(UringHost.RESTRICTED, List.of(flags));
        try {
            assertCompletesNops(new Driver(other), 20);
            assertThat(other.features().setupFlags()).isEqualTo(flags);
            assertThat(other.features().restricted()).isEqualTo((flags & Abi.IORING_SETUP_R_DISABLED) != 0);
        } finally {
            other.close();
        }
    }

    @Test
    void peelsOffFlagsThatTheKernelDoesNotKnow() {
        LinuxRing peeled = UringHost.open(UringHost.SMALL, List.of(1 << 31, SetUp.LADDER.getFirst()));
        try {
            assertThat(peeled.features().setupFlags()).isEqualTo(SetUp.LADDER.getFirst());
        } finally {
            peeled.close();
        }
    }

    @Test
    void sizesTheQueuesAsAsked() {
        LinuxRing sized = UringHost.open(new RingSetup(5, 100, false));
        try {
            assertThat(sized.memory().sqEntries()).isEqualTo(8);
            assertThat(sized.memory().cqEntries()).isEqualTo(128);
            assertThat(sized.memory().sqes().byteSize()).isEqualTo(8 * 64);
            assertThat(sized.memory().cqes().byteSize()).isEqualTo(128 * 16);
        } finally {
            sized.close();
        }
    }

    @Test
    void enterWithNothingToDoIsNoCall() {
        assertThat(ring.enter(0, 1, false, -1)).isZero();
    }

    @Test
    void waitEndsAtItsTimeLimit() {
        long limitNanos = TimeUnit.MILLISECONDS.toNanos(20);
        long before = System.nanoTime();

        assertThat(ring.enter(0, 1, true, limitNanos)).isEqualTo(-Errno.ETIME);

        assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(limitNanos);
        assertCompletesNops(driver, 1);
    }

    @Test
    void timeLimitOfNothingDoesNotWait() {
        assertThat(ring.enter(0, 1, true, 0)).isZero();
        assertThat(ring.enter(0, 0, true, Driver.PATIENCE_NANOS)).isZero();
    }

    @Test
    void wakeFromAnotherThreadEndsAWaitWithoutALimit() throws InterruptedException {
        driver.armWakePoll(7);
        driver.enter(0);
        for (int i = 0; i < 3; i++) {
            Thread waker = Thread.ofPlatform().start(ring::wake);

            assertThat(ring.enter(0, 1, true, -1)).isZero();

            List<Cqe> reaped = driver.reap();
            assertThat(reaped).singleElement().satisfies(cqe -> {
                assertThat(cqe.userData()).isEqualTo(7);
                assertThat(cqe.res() & Abi.POLLIN).isEqualTo(Abi.POLLIN);
                assertThat(cqe.more()).isTrue();
            });
            waker.join();
        }
    }

    @Test
    void restrictedRingRefusesAnOperationThatIsNotListed() {
        assertThat(ring.features().restricted()).isTrue();
        driver.prep(Abi.IORING_OP_OPENAT, -1, 1);

        assertThat(driver.enter(1)).isEqualTo(1);

        assertThat(driver.reap()).containsExactly(new Cqe(1, -Errno.EACCES, 0));
    }

    @Test
    void strayThreadCannotTouchTheQueues() {
        var memory = ring.memory();
        var stray = CompletableFuture.runAsync(() -> memory.sqTail().set(Abi.U32, 0, 99), Thread::startVirtualThread);

        assertThatThrownBy(stray::join).hasCauseInstanceOf(WrongThreadException.class);
    }

    @Test
    void strayThreadCannotEnterRegisterOrClose() {
        var stray = CompletableFuture.supplyAsync(
                () -> {
                    assertThatThrownBy(ring::close).isInstanceOf(WrongThreadException.class);
                    return List.of(ring.enter(1, 0, true, 0), ring.unregisterBufferRing(0), ring.bufferRingHead(0));
                },
                task -> Thread.ofPlatform().start(task));

        assertThat(stray.join()).containsOnly(-Errno.EEXIST);
        assertCompletesNops(driver, 1);
    }

    @Test
    void isNotOpenedForAVirtualThread() {
        var opened = CompletableFuture.supplyAsync(() -> UringHost.open(UringHost.SMALL), Thread::startVirtualThread);

        assertThatThrownBy(opened::join)
                .hasCauseInstanceOf(IllegalStateException.class)
                .hasMessageContaining("platform thread");
    }

    /** The JVM handles SIGPIPE by doing nothing, which interrupts a system call all the same. */
    @Test
    void signalInterruptsAWaitAndNothingElse() throws InterruptedException {
        int ringThread = Signals.threadId();
        AtomicBoolean done = new AtomicBoolean();
        Thread signaller = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                Signals.interrupt(ringThread);
                LockSupport.parkNanos(10_000);
            }
        });

        int result;
        long deadline = System.nanoTime() + Driver.PATIENCE_NANOS;
        do {
            result = ring.enter(0, 1, true, TimeUnit.MILLISECONDS.toNanos(100));
        } while (result != -Errno.EINTR && System.nanoTime() < deadline);
        done.set(true);
        signaller.join();

        assertThat(result).isEqualTo(-Errno.EINTR);
        assertCompletesNops(driver, 1);
    }

    private static void assertCompletesNops(Driver driver, int count) {
        for (int i = 0; i < count; i++) {
            driver.prep(Abi.IORING_OP_NOP, -1, i);
            assertThat(driver.enter(1)).isEqualTo(1);
            assertThat(driver.reap()).containsExactly(new Cqe(i, 0, 0));
        }
    }
}
