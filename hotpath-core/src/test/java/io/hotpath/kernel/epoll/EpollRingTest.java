package io.hotpath.kernel.epoll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.libc.Syscalls;
import io.hotpath.ring.BufferPool;
import io.hotpath.ring.BufferRing;
import io.hotpath.ring.Ring;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What the scenarios that all kernels share cannot see. */
@EnabledOnOs(OS.LINUX)
final class EpollRingTest {
    private static final int GROUP = 1;
    private static final long PATIENCE_NANOS = 5_000_000_000L;

    private record Cqe(long userData, int result, boolean more) {}

    private final Kernel kernel = EpollKernel.instance();
    private final Arena arena = Arena.ofConfined();
    private final List<Cqe> cqes = new ArrayList<>();
    private Ring ring;
    private BufferPool pool;
    private BufferRing buffers;

    @BeforeEach
    void open() {
        ring = Ring.open(kernel, new RingSetup(64, 64, true));
        pool = BufferPool.map(kernel, 8, 64);
        buffers = BufferRing.register(ring, 8, GROUP);
        for (int id = 0; id < 8; id++) {
            buffers.add(pool.address(id), 64, id);
        }
        buffers.publish();
    }

    @AfterEach
    void close() {
        if (!ring.closed()) {
            buffers.unregister();
            ring.close();
        }
        pool.unmap();
        arena.close();
    }

    @Test
    void closeLeavesTheDescriptorsOfOthersAlone() {
        int[] pair = pair(Abi.SOCK_NONBLOCK);
        ring.prepRecvMultishot(pair[0], GROUP, 0, 1);
        ring.submitAndWait(0, 0);
        buffers.unregister();
        ring.close();

        send(pair[1], "later");

        byte[] bytes = new byte[5];
        assertThat(receive(pair[0], bytes)).isEqualTo(5);
        close(pair);
    }

    @Test
    void answersLikeIoUringAfterCloseAndToAStranger() {
        var owned = ring.kernelRing();
        assertThat(CompletableFuture.supplyAsync(() -> owned.enter(0, 0, true, 0)).join()).isEqualTo(-Errno.EEXIST);
        assertThatThrownBy(() -> CompletableFuture.runAsync(owned::close).join())
                .hasCauseInstanceOf(WrongThreadException.class);
        buffers.unregister();
        ring.close();
        assertThat(owned.enter(0, 0, true, 0)).isEqualTo(-Errno.EBADF);
        owned.wake();
        owned.close();
    }

    @Test
    void aVirtualThreadCannotOwnARing() {
        var opened = new CompletableFuture<Void>();
        Thread.ofVirtual().start(() -> {
            try {
                kernel.openRing(new RingSetup(8, 8, true)).close();
                opened.complete(null);
            } catch (RuntimeException refused) {
                opened.completeExceptionally(refused);
            }
        });
        assertThatThrownBy(opened::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void aNumberClosedBehindItsBackIsNotCrossed() {
        int[] old = pair(Abi.SOCK_NONBLOCK);
        ring.prepRecvMultishot(old[0], GROUP, 0, 1);
        ring.submitAndWait(0, 0);
        assertThat(Syscalls.close(old[0])).isZero();
        int[] young = pair(Abi.SOCK_NONBLOCK);
        assertThat(young[0]).isEqualTo(old[0]);

        ring.prepRecvMultishot(young[0], GROUP, 0, 2);
        await(1);
        assertThat(cqes).containsExactly(new Cqe(1, -Errno.ECANCELED, false));
        send(young[1], "new");
        await(2);

        assertThat(cqes.getLast()).isEqualTo(new Cqe(2, 3, true));
        assertThat(Syscalls.close(old[1])).isZero();
        close(young);
    }

    @Test
    void aFileThatOnlyARequestHoldsEndsWithTheRing() {
        int[] pair = pair(Abi.SOCK_NONBLOCK);
        ring.prepRecvMultishot(pair[0], GROUP, 0, 1);
        ring.prepClose(pair[0], 2);
        await(1);
        assertThat(receive(pair[1], new byte[1])).isEqualTo(-Errno.EAGAIN);
        buffers.unregister();
        ring.close();

        assertThat(receive(pair[1], new byte[1])).isZero();
        assertThat(Syscalls.close(pair[1])).isZero();
    }

    @Test
    void descriptorsThatBlockDoNotBlockIt() {
        int[] pair = pair(0);
        ring.prepRecvMultishot(pair[0], GROUP, 0, 1);
        MemorySegment large = arena.allocate(4 << 20);
        ring.prepSend(pair[0], large.address(), 4 << 20, 2);
        int listener = Syscalls.socket(Abi.AF_INET, Abi.SOCK_STREAM, 0);
        assertThat(Syscalls.listen(listener, 1)).isZero();
        ring.prepAcceptMultishot(listener, false, 3);

        ring.submitAndWait(0, 0);

        assertThat(cqes).isEmpty();
        ring.prepCancelAll(4);
        await(4);
        assertThat(cqes).extracting(Cqe::userData).containsExactlyInAnyOrder(1L, 2L, 3L, 4L);
        close(pair);
        assertThat(Syscalls.close(listener)).isZero();
    }

    @Test
    void waitsAsLongAsItWasToldAndNotMuchLonger() {
        for (long nanos : new long[]{100_000, 1_500_000, 20_000_000}) {
            long start = System.nanoTime();
            int result = ring.kernelRing().enter(0, 1, true, nanos);
            long waited = System.nanoTime() - start;
            assertThat(result).isEqualTo(-Errno.ETIME);
            assertThat(waited).isBetween(nanos, nanos + 1_000_000_000L);
        }
    }

    @Test
    void submissionsAloneCannotKeepEpollFromBeingAsked() {
        int[] pair = pair(Abi.SOCK_NONBLOCK);
        ring.prepRecvMultishot(pair[0], GROUP, 0, 1);
        ring.submitAndWait(0, 0);
        send(pair[1], "x");
        for (int i = 0; i < 4; i++) {
            ring.prepNop(2);
            ring.submitAndWait(1, -1);
            drain();
        }
        assertThat(cqes).contains(new Cqe(1, 1, true));
        close(pair);
    }

    @Test
    void refusesSubmissionsWhileTooMuchHasOverflowed() {
        int count = Completions.OVERFLOW_MAX + 200;
        for (int i = 0; i < count; i++) {
            ring.prepNop(i);
            ring.submit();
        }
        assertThat(ring.overflowed()).isTrue();
        ring.prepNop(count);
        assertThat(ring.kernelRing().enter(1, 0, true, 0)).isEqualTo(-Errno.EBUSY);

        await(count + 1);

        assertThat(ring.overflowed()).isFalse();
        for (int i = 0; i <= count; i++) {
            assertThat(cqes.get(i).userData).isEqualTo(i);
        }
    }

    @Test
    void requestsAreFoundAmongThousandsAndCancelledOneByOne() {
        int[] pair = pair(Abi.SOCK_NONBLOCK);
        int count = 3_000;
        for (int i = 0; i < count; i++) {
            ring.prepPoll(pair[0], Abi.POLLRDHUP, false, i);
        }
        ring.submitAndWait(0, 0);
        for (int i = 0; i < count; i += 2) {
            ring.prepCancel(i, count);
        }
        await(count);
        assertThat(cqes.stream().filter(cqe -> cqe.result == -Errno.ECANCELED).map(Cqe::userData).distinct())
                .hasSize(count / 2).allMatch(userData -> userData % 2 == 0);
        assertThat(cqes.stream().filter(cqe -> cqe.result == 0).map(Cqe::userData)).containsOnly((long) count);
        ring.prepCancelAll(count + 1);
        await(count + count / 2 + 1);
        assertThat(cqes).contains(new Cqe(count + 1, count / 2, false));
        close(pair);
    }

    private void await(int count) {
        long start = System.nanoTime();
        while (cqes.size() < count && System.nanoTime() - start < PATIENCE_NANOS) {
            ring.submitAndWait(1, 10_000_000);
            drain();
        }
        assertThat(cqes).hasSize(count);
    }

    private void drain() {
        ring.drain(
                (userData, result, flags) -> cqes.add(new Cqe(userData, result, (flags & Abi.IORING_CQE_F_MORE) != 0)),
                1 << 20);
    }

    private int[] pair(int flags) {
        MemorySegment pair = arena.allocate(Abi.U32, 2);
        int result = Syscalls.socketpair(Abi.AF_UNIX, Abi.SOCK_STREAM | Abi.SOCK_CLOEXEC | flags, 0, pair);
        assertThat(result).isZero();
        return pair.toArray(Abi.U32);
    }

    private void send(int fd, String text) {
        MemorySegment bytes = arena.allocateFrom(text);
        int sent = Syscalls.send(arena.allocate(Syscalls.CAPTURE), fd, bytes.address(), text.length(), 0);
        assertThat(sent).isEqualTo(text.length());
    }

    private int receive(int fd, byte[] bytes) {
        MemorySegment memory = arena.allocate(bytes.length);
        return Syscalls.recv(arena.allocate(Syscalls.CAPTURE), fd, memory.address(), bytes.length, 0);
    }

    private static void close(int[] pair) {
        assertThat(Syscalls.close(pair[0])).isZero();
        assertThat(Syscalls.close(pair[1])).isZero();
    }
}
