package io.hotpath.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingSetup;
import io.hotpath.ring.FakeRing.Call;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both queues against a kernel that the test plays on plain memory. */
final class RingTest {
    private static final int SQ = 4;
    private static final int CQ = 16;

    private final FakeKernel kernel = new FakeKernel();
    private final List<Long> drained = new ArrayList<>();
    private Ring ring;
    private FakeRing fake;

    @BeforeEach
    void open() {
        ring = Ring.open(kernel, new RingSetup(SQ, CQ, false));
        fake = kernel.ring();
    }

    @Test
    void preparingIsNoCallAndPublishesNothing() {
        ring.prepNop(1);
        ring.prepNop(2);

        assertThat(fake.calls).isEmpty();
        assertThat(fake.memory.sqTail().get(Abi.U32, 0)).isZero();
        assertThat(ring.inFlight()).isEqualTo(2);
    }

    @Test
    void aTurnIsOneCallForAllThatWasPrepared() {
        ring.prepNop(1);
        ring.prepNop(2);
        ring.prepNop(3);

        assertThat(ring.submitAndWait(1, 500)).isZero();

        assertThat(fake.calls).containsExactly(new Call(3, 1, true, 500));
        assertThat(fake.memory.sqTail().get(Abi.U32, 0)).isEqualTo(3);
        assertThat(fake.takenUserData()).containsExactly(1L, 2L, 3L);
        assertThat(ring.submitted()).isEqualTo(3);
        assertThat(ring.enters()).isEqualTo(1);
    }

    @Test
    void submittingAloneNeitherWaitsNorRunsDeferredWork() {
        ring.prepNop(1);

        assertThat(ring.submit()).isZero();

        assertThat(fake.calls).containsExactly(new Call(1, 0, false, 0));
    }

    @Test
    void doesNotWaitForWhatIsThereAlready() {
        fake.complete(1, 0, 0);

        ring.submitAndWait(1, -1);

        assertThat(fake.calls).containsExactly(new Call(0, 0, true, -1));
    }

    @Test
    void aFullQueueIsSubmittedOnTheSpot() {
        prepareNops(SQ + 1);

        assertThat(fake.calls).containsExactly(new Call(SQ, 0, false, 0));
        ring.submit();
        assertThat(fake.takenUserData()).containsExactly(0L, 1L, 2L, 3L, 4L);
    }

    @Test
    void whatTheKernelDoesNotTakeWaitsInOrder() {
        int count = 500;
        for (int i = 0; i < count; i++) {
            // a kernel that takes one at a time, nothing, or says it has no memory
            fake.turns.add(i % 3 == 0 ? _ -> -Errno.EAGAIN : i % 3 == 1 ? _ -> fake.take(0) : _ -> fake.take(1));
        }

        prepareNops(count);
        fake.turns.clear();
        while (fake.taken.size() < count) {
            assertThat(ring.submit()).isZero();
        }

        assertThat(fake.takenUserData())
                .containsExactlyElementsOf(LongStream.range(0, count).boxed().toList());
        assertThat(ring.inFlight()).isEqualTo(count);
    }

    @Test
    void doesNotWaitWhileSubmissionsWaitBesideTheQueue() {
        fake.turns.add(_ -> 0);
        prepareNops(SQ + 1);

        ring.submitAndWait(1, -1);

        assertThat(fake.calls.getLast()).isEqualTo(new Call(SQ, 0, true, -1));
    }

    @Test
    void bothQueuesWrapWithTheirCounters() {
        kernel.countersStart = -2;
        open();
        for (int i = 0; i < 3 * CQ; i++) {
            ring.prepNop(i);
            ring.submitAndWait(1, -1);
            fake.complete(i, i, 0);
            assertThat(ring.drain((userData, _, _) -> drained.add(userData), CQ)).isEqualTo(1);
        }

        assertThat(fake.takenUserData()).isEqualTo(drained);
        assertThat(drained)
                .containsExactlyElementsOf(LongStream.range(0, 3 * CQ).boxed().toList());
    }

    @Test
    void drainsABatchAndGivesItsEntriesBackWithOneStore() {
        for (int i = 0; i < 10; i++) {
            fake.complete(i, 0, Abi.IORING_CQE_F_MORE);
        }

        int first = ring.drain(
                (userData, _, _) -> {
                    drained.add(userData);
                    assertThat(fake.memory.cqHead().get(Abi.U32, 0)).isZero();
                },
                6);

        assertThat(first).isEqualTo(6);
        assertThat(fake.memory.cqHead().get(Abi.U32, 0)).isEqualTo(6);
        assertThat(ring.ready()).isEqualTo(4);
        assertThat(ring.drain((userData, _, _) -> drained.add(userData), 6)).isEqualTo(4);
        assertThat(drained).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L);
        assertThat(ring.completions()).isEqualTo(10);
    }

    @Test
    void handsOverResultAndFlagsAsTheyAre() {
        fake.complete(-1L, -Errno.ENOBUFS, 0);
        fake.complete(0x0200_0003_0000_0007L, 8192, 0xffff_0000 | Abi.IORING_CQE_F_BUFFER);

        List<String> seen = new ArrayList<>();
        ring.drain((userData, result, flags) -> seen.add("%x %d %x".formatted(userData, result, flags)), CQ);

        assertThat(seen).containsExactly("ffffffffffffffff -105 0", "200000300000007 8192 ffff0001");
    }

    @Test
    void onlyACompletionWithoutMoreEndsAnOperation() {
        ring.prepNop(1);
        fake.complete(1, 5, Abi.IORING_CQE_F_MORE);
        ring.drain((_, _, _) -> {}, CQ);
        assertThat(ring.inFlight()).isEqualTo(1);

        fake.complete(1, 5, 0);
        ring.drain((_, _, _) -> {}, CQ);
        assertThat(ring.inFlight()).isZero();
    }

    @Test
    void aHandlerThatThrowsLosesNothingButItsOwnCompletion() {
        for (int i = 0; i < 4; i++) {
            fake.complete(i, 0, Abi.IORING_CQE_F_MORE);
        }

        assertThatThrownBy(() -> ring.drain(
                (userData, _, _) -> {
                    if (userData == 1) {
                        throw new IllegalArgumentException("mine");
                    }
                },
                CQ))
                .hasMessage("mine");

        assertThat(ring.completions()).isEqualTo(2);
        assertThat(fake.memory.cqHead().get(Abi.U32, 0)).isEqualTo(2);
        ring.drain((userData, _, _) -> drained.add(userData), CQ);
        assertThat(drained).containsExactly(2L, 3L);
        assertThat(ring.completions()).isEqualTo(4);
    }

    @Test
    void countsDroppedCompletionsAcrossTheWrapOfTheKernelsCounter() {
        fake.memory.cqOverflow().set(Abi.U32, 0, -3); // 2^32 - 3
        ring.drain((_, _, _) -> {}, CQ);
        assertThat(ring.dropped()).isEqualTo(0xffff_fffdL);

        fake.memory.cqOverflow().set(Abi.U32, 0, 4);
        ring.drain((_, _, _) -> {}, CQ);

        assertThat(ring.dropped()).isEqualTo(0x1_0000_0004L);
    }

    @Test
    void countsDrainsThatLeaveCompletionsInTheKernel() {
        assertThat(ring.overflowed()).isFalse();
        ring.drain((_, _, _) -> {}, CQ);
        fake.memory.sqFlags().set(Abi.U32, 0, Abi.IORING_SQ_CQ_OVERFLOW | Abi.IORING_SQ_TASKRUN);
        ring.drain((_, _, _) -> {}, CQ);

        assertThat(ring.overflowed()).isTrue();
        assertThat(ring.overflows()).isEqualTo(1);
        assertThat(ring.dropped()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EINTR, Errno.ETIME, Errno.EAGAIN, Errno.EBUSY})
    void isNotBrokenByNormalLife(int errno) {
        ring.prepNop(7);
        fake.turns.add(_ -> -errno);

        assertThat(ring.submitAndWait(1, 1000)).isZero();
        assertThat(ring.brokenErrno()).isZero();

        assertThat(ring.submitAndWait(1, 1000)).isZero();
        assertThat(fake.takenUserData()).containsExactly(7L);
    }

    /** The kernel reports an interrupted wait although it has taken the SQEs: nothing may be submitted twice. */
    @Test
    void aWaitThatIsInterruptedAfterTheSubmissionDoesNotSubmitAgain() {
        ring.prepNop(1);
        fake.turns.add(toSubmit -> {
            fake.take(toSubmit);
            return -Errno.EINTR;
        });

        ring.submitAndWait(1, -1);
        ring.submitAndWait(1, -1);

        assertThat(fake.calls).extracting(Call::toSubmit).containsExactly(1, 0);
    }

    @Test
    void lostCompletionsBreakTheRingAndSayWhatWasLost() {
        fake.turns.add(_ -> -Errno.EBADR);

        assertThat(ring.submitAndWait(0, 0)).isEqualTo(-Errno.EBADR);

        assertThat(ring.completionsLost()).isTrue();
        assertThat(ring.brokenErrno()).isEqualTo(Errno.EBADR);
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EBADF, Errno.EFAULT, Errno.EEXIST, Errno.EOWNERDEAD, Errno.ENXIO, Errno.EINVAL})
    void aFatalErrnoBreaksTheRingForGood(int errno) {
        fake.turns.add(_ -> -errno);

        assertThat(ring.submit()).isEqualTo(-errno);
        assertThat(ring.submitAndWait(1, -1)).isEqualTo(-errno);

        assertThat(fake.calls).hasSize(1);
        assertThat(ring.brokenErrno()).isEqualTo(errno);
        assertThat(ring.completionsLost()).isFalse();
    }

    @Test
    void aBrokenRingStillHandsOverWhatIsThere() {
        fake.complete(9, 0, 0);
        ring.fail(Errno.EIO);

        assertThat(ring.drain((userData, _, _) -> drained.add(userData), CQ)).isEqualTo(1);
        assertThat(drained).containsExactly(9L);
    }

    @Test
    void gatheredListsAreReusedOnceTheyAreSubmitted() {
        for (int i = 0; i < 10_000; i++) {
            if (ring.gather().room() < 3) {
                ring.submit();
            }
            ring.gather().begin();
            for (int part = 0; part < 3; part++) {
                ring.gather().add(i, part);
            }
            ring.prepSendGathered(5, i);
        }
        ring.submit();

        assertThat(fake.taken).hasSize(10_000);
    }

    @Test
    void closesOnceAndIsBrokenAfterwards() {
        ring.close();
        ring.close();

        assertThat(fake.closed).isTrue();
        assertThat(ring.submit()).isEqualTo(-Errno.EBADF);
    }

    private void prepareNops(int count) {
        for (int i = 0; i < count; i++) {
            ring.prepNop(i);
        }
    }
}
