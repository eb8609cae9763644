package io.hotpath.kernel.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.libc.FdLimit;
import io.hotpath.kernel.libc.Syscalls;
import io.hotpath.kernel.linux.Driver.Cqe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What is left of a ring after its end: nothing. */
@Isolated("it counts and limits the descriptors of the process")
final class LinuxRingCloseTest {
    private static final int GROUP = 3;
    private static final int BUFFER_BYTES = 1024;
    private static final long PAGE_BYTES = 4096;

    @BeforeEach
    void requireUring() {
        UringHost.require();
    }

    @Test
    void restrictedRingLeavesNothingBehind() {
        Held before = Held.now();
        LinuxRing ring = UringHost.open(UringHost.RESTRICTED);
        assertThat(Held.since(before)).hasSize(4);

        receiveThroughABufferRing(ring);
        ring.close();

        assertThat(Held.since(before)).isEmpty();
    }

    @Test
    void closeIsIdempotentAndEndsTheMemory() {
        LinuxRing ring = UringHost.open(UringHost.SMALL);
        ring.close();
        ring.close();

        assertThat(ring.enter(0, 1, true, -1)).isEqualTo(-Errno.EBADF);
        assertThat(ring.registerBufferRing(MemorySegment.NULL, 8, 0)).isEqualTo(-Errno.EBADF);
        assertThatThrownBy(() -> ring.memory().sqTail().get(Abi.U32, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void ringWhoseOwnerEndedIsClosedByAnotherThread() {
        Held before = Held.now();
        LinuxRing ring = openOnAThreadThatEnds();

        ring.close();

        assertThat(Held.since(before)).isEmpty();
    }

    @Test
    void closingTheRingOfAThreadThatEndedLeavesOurOwnRingRegistered() {
        LinuxRing ours = UringHost.open(UringHost.SMALL);
        LinuxRing theirs = openOnAThreadThatEnds();
        theirs.close();

        assertThat(ours.features().registeredFd()).isTrue();
        Driver driver = new Driver(ours);
        driver.prep(Abi.IORING_OP_NOP, -1, 1);
        assertThat(driver.enter(1)).isEqualTo(1);
        ours.close();
    }

    @Test
    void manyRingsOnOneThreadReuseTheirRegistration() {
        Held before = Held.now();
        for (int i = 0; i < 100; i++) {
            LinuxRing ring = UringHost.open(UringHost.RESTRICTED);
            assertThat(ring.features().registeredFd()).isTrue();
            ring.close();
        }
        assertThat(Held.since(before)).isEmpty();
    }

    @Test
    void wakeDuringAndAfterCloseReachesNobodyElse() throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            LinuxRing closing = UringHost.open(UringHost.SMALL);
            AtomicBoolean done = new AtomicBoolean();
            List<Thread> wakers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                wakers.add(Thread.ofPlatform().start(() -> {
                    while (!done.get()) {
                        closing.wake();
                    }
                }));
            }
            closing.close();
            LinuxRing heir = UringHost.open(UringHost.SMALL); // most likely with the same descriptor numbers
            Driver driver = new Driver(heir);
            driver.armWakePoll(1);
            driver.enter(0);

            assertThat(heir.enter(0, 1, true, TimeUnit.MILLISECONDS.toNanos(1))).isEqualTo(-Errno.ETIME);

            done.set(true);
            for (Thread waker : wakers) {
                waker.join();
            }
            heir.close();
        }
    }

    /** The descriptors run out at each step of opening in turn. */
    @Test
    void failedOpeningLeavesNothingBehind() {
        Held before = Held.now();
        for (int free = 0; free < 2; free++) {
            try (var _ = FdLimit.leaving(free)) {
                assertThatThrownBy(() -> LinuxKernel.instance().openRing(UringHost.RESTRICTED))
                        .isInstanceOfSatisfying(KernelRefused.class, refused -> assertThat(refused.reason())
                                .isEqualTo(KernelRefused.Reason.DESCRIPTORS))
                        .hasMessageContaining("ulimit -n");
            }
            assertThat(Held.since(before)).isEmpty();
        }
    }

    @Test
    void ladderWithoutAStepIsRefusedAsTooOldAndLeavesNothingBehind() {
        Held before = Held.now();
        int unknown = 1 << 31;

        assertThatThrownBy(() -> LinuxRing.open(LinuxKernel.instance(), UringHost.SMALL, List.of(unknown)))
                .isInstanceOfSatisfying(KernelRefused.class, refused -> assertThat(refused.reason())
                        .isEqualTo(KernelRefused.Reason.TOO_OLD));

        assertThat(Held.since(before)).isEmpty();
    }

    private static LinuxRing openOnAThreadThatEnds() {
        var opened = new CompletableFuture<LinuxRing>();
        Thread owner = Thread.ofPlatform().start(() -> opened.complete(UringHost.open(UringHost.SMALL)));
        LinuxRing ring = opened.join();
        while (owner.isAlive()) {
            Thread.onSpinWait();
        }
        return ring;
    }

    private static void receiveThroughABufferRing(LinuxRing ring) {
        Kernel kernel = ring.kernel();
        Driver driver = new Driver(ring);
        MemorySegment bufferRing = kernel.mapMemory(PAGE_BYTES);
        MemorySegment slab = kernel.mapMemory(2 * BUFFER_BYTES);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(Abi.U32, 2);
            assertThat(Syscalls.socketpair(Abi.AF_UNIX, Abi.SOCK_STREAM | Abi.SOCK_CLOEXEC, 0, pair))
                    .isZero();
            int left = pair.getAtIndex(Abi.U32, 0);
            int right = pair.getAtIndex(Abi.U32, 1);
            assertThat(ring.registerBufferRing(bufferRing, 2, GROUP)).isZero();
            addBuffers(bufferRing, slab);

            MemorySegment recv = driver.prep(Abi.IORING_OP_RECV, left, 1);
            recv.set(JAVA_BYTE, 1, (byte) Abi.IOSQE_BUFFER_SELECT);
            recv.set(Abi.U16, 2, (short) Abi.IORING_RECV_MULTISHOT);
            recv.set(Abi.U16, Abi.SQE_BUF_GROUP, (short) GROUP);
            MemorySegment bytes = arena.allocateFrom("hotpath", StandardCharsets.US_ASCII);
            MemorySegment send = driver.prep(Abi.IORING_OP_SEND, right, 2);
            send.set(Abi.U64, Abi.SQE_ADDR, bytes.address());
            send.set(Abi.U32, Abi.SQE_LEN, (int) bytes.byteSize());
            assertThat(driver.enter(2)).isEqualTo(2);
            int flags = Abi.IORING_CQE_F_BUFFER | Abi.IORING_CQE_F_MORE;
            assertThat(driver.reap()).containsExactlyInAnyOrder(new Cqe(1, 8, flags), new Cqe(2, 8, 0));
            assertThat(slab.getString(0)).isEqualTo("hotpath");
            assertThat(ring.bufferRingHead(GROUP)).isEqualTo(1);

            driver.cancelAll(3);
            driver.enter(2);
            assertThat(driver.reap()).containsExactlyInAnyOrder(new Cqe(1, -Errno.ECANCELED, 0), new Cqe(3, 1, 0));
            assertThat(ring.unregisterBufferRing(GROUP)).isZero();
            driver.prep(Abi.IORING_OP_CLOSE, left, 4);
            driver.prep(Abi.IORING_OP_CLOSE, right, 5);
            driver.enter(2);
            assertThat(driver.reap()).extracting(Cqe::res).containsExactly(0, 0);
        }
        kernel.unmapMemory(slab);
        kernel.unmapMemory(bufferRing);
    }

    private static void addBuffers(MemorySegment bufferRing, MemorySegment slab) {
        for (int id = 0; id < 2; id++) {
            bufferRing.set(Abi.U64, id * Abi.BUF_BYTES + Abi.BUF_ADDR, slab.address() + id * BUFFER_BYTES);
            bufferRing.set(Abi.U32, id * Abi.BUF_BYTES + Abi.BUF_LEN, BUFFER_BYTES);
            bufferRing.set(Abi.U16, id * Abi.BUF_BYTES + Abi.BUF_BID, (short) id);
        }
        Abi.TAIL.setRelease(bufferRing, Abi.BUF_RING_TAIL, (short) 2);
    }
}
