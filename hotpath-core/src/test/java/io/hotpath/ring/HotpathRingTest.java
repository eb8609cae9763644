package io.hotpath.ring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.KernelPolicy;
import io.hotpath.kernel.Abi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hand-driven ring makes of mistakes and of completions that the test posts. */
final class HotpathRingTest {
    private static final RingConfig CONFIG = new RingConfig(8, 4, 32, false, KernelPolicy.AUTO);
    private static final int FD = 7;

    private final FakeKernel kernel = new FakeKernel();
    private final List<String> seen = new ArrayList<>();
    private HotpathRing ring;
    private FakeRing fake;

    @BeforeEach
    void open() {
        ring = HotpathRing.open(kernel, CONFIG);
        fake = kernel.ring();
    }

    // ---- configuration --------------------------------------------------------------------------------------------

    @Test
    void defaultsAreTheSeeds() {
        assertThat(RingConfig.DEFAULT).isEqualTo(new RingConfig(1024, 512, 8192, true, KernelPolicy.AUTO));
        assertThat(HotpathRing.MAX_BATCH).isEqualTo(64);
        assertThat(OpKind.values()).extracting(OpKind::code).containsExactly(1, 2, 3, 4);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 32769, Integer.MAX_VALUE})
    void queueDepthIsChecked(int entries) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RingConfig.DEFAULT.withEntries(entries))
                .withMessageContaining("queue depth")
                .withMessageContaining("is " + entries)
                .withMessageContaining("1..32768")
                .withMessageContaining("the kernel's limit");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, -4, 32769, 65536})
    void bufferCountIsChecked(int buffers) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RingConfig.DEFAULT.withBuffers(buffers, 8192))
                .withMessageContaining("buffer count is " + buffers)
                .withMessageContaining("power of two from 1 to 32768")
                .withMessageContaining("16-bit tail");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void bufferSizeIsChecked(int bytes) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RingConfig.DEFAULT.withBuffers(512, bytes))
                .withMessageContaining("bufferBytes is " + bytes)
                .withMessageContaining("at least 1")
                .withMessageContaining("room for a byte");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void failedOpeningGivesEverythingBack(int mappings) {
        FakeKernel poor = new FakeKernel();
        poor.mappingsLeft = mappings;

        assertThatThrownBy(() -> HotpathRing.open(poor, CONFIG)).isInstanceOf(EngineException.class);

        assertThat(poor.ring().closed).isTrue();
        assertThat(poor.ring().groups).isEmpty();
        assertThat(poor.mapped).isEmpty();
    }

    // ---- arguments ------------------------------------------------------------------------------------------------

    @Test
    void negativeDescriptorIsRefused() {
        List<ThrowingCallable> calls = List.of(
                () -> ring.submitAcceptMultishot(-13),
                () -> ring.submitRecvMultishot(-13),
                () -> ring.submitClose(-13),
                () -> ring.submitSend(-13, Arena.global().allocate(1)));
        for (ThrowingCallable call : calls) {
            assertThatIllegalArgumentException()
                    .isThrownBy(call)
                    .withMessageContaining("descriptor -13")
                    .withMessageContaining("negative");
        }
        assertThat(ring.ring().inFlight()).isEqualTo(1); // the wake-up
    }

    @Test
    void refusedGatheredSendLeavesRoomForOthers() {
        MemorySegment[] pieces = new MemorySegment[Abi.IOV_MAX];
        IntStream.range(0, pieces.length)
                .forEach(i -> pieces[i] = Arena.global().allocate(1));

        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            HotpathRing other = HotpathRing.open(kernel, CONFIG);
            for (int i = 0; i < 10; i++) {
                assertThatIllegalArgumentException().isThrownBy(() -> other.submitSend(-1, pieces));
                other.submitSend(FD, pieces);
            }
        });
    }

    @Test
    void heapMemoryIsRefused() {
        MemorySegment heap = MemorySegment.ofArray(new byte[8]);
        MemorySegment nativeBytes = Arena.global().allocate(8);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ring.submitSend(FD, heap))
                .withMessageContaining("on the heap")
                .withMessageContaining("native memory");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ring.submitSend(FD, nativeBytes, heap))
                .withMessageContaining("on the heap");
    }

    @Test
    void memoryWhoseLifeIsOverIsRefused() {
        Arena arena = Arena.ofConfined();
        MemorySegment freed = arena.allocate(8);
        arena.close();

        assertThatIllegalStateException().isThrownBy(() -> ring.submitSend(FD, freed))
                .withMessageContaining("released");
        assertThatIllegalStateException()
                .isThrownBy(() -> ring.submitSend(FD, freed, freed))
                .withMessageContaining("released");
    }

    @Test
    void oneSendIsAtMostTwoGibibytes() {
        MemorySegment large = reserved(0x7fff_f001L);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ring.submitSend(FD, large))
                .withMessageContaining("2147479553 bytes")
                .withMessageContaining("at most 2147479552");
    }

    @Test
    void gatheredSendHasOneTo1024Pieces() {
        MemorySegment[] pieces = new MemorySegment[1025];
        Arrays.fill(pieces, Arena.global().allocate(1));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ring.submitSend(FD, pieces))
                .withMessageContaining("1025 pieces")
                .withMessageContaining("1..1024")
                .withMessageContaining("sendmsg");
        assertThatIllegalArgumentException().isThrownBy(() -> ring.submitSend(FD)).withMessageContaining("0 pieces");
    }

    @Test
    void negativeMinCompleteIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ring.eachCompletion(-1, 0, this::record))
                .withMessageContaining("minComplete is -1");
    }

    // ---- threads --------------------------------------------------------------------------------------------------

    @Test
    void anotherThreadIsTurnedAway() {
        Buffers buffers = ring.buffers();
        receive(2, 5);
        MemorySegment bytes = Arena.global().allocate(1);
        List<ThrowingCallable> calls = List.of(
                () -> ring.submitAcceptMultishot(FD),
                () -> ring.submitRecvMultishot(FD),
                () -> ring.submitSend(FD, bytes),
                () -> ring.submitSend(FD, bytes, bytes),
                () -> ring.submitClose(FD),
                () -> ring.cancel(1),
                () -> ring.eachCompletion(0, 0, this::record),
                ring::buffers,
                ring::close,
                () -> buffers.length(2),
                () -> buffers.copy(2),
                () -> buffers.slice(2),
                () -> buffers.release(2));
        String owner = Thread.currentThread().getName();

        for (ThrowingCallable call : calls) {
            var stray = CompletableFuture.runAsync(
                    () -> assertThatThrownBy(call)
                            .isInstanceOf(WrongThreadException.class)
                            .hasMessageContaining("belongs to thread '" + owner + "'")
                            .hasMessageContaining("'stray'"),
                    task -> Thread.ofPlatform().name("stray").start(task));
            stray.join();
        }

        assertThat(fake.calls).hasSize(1);
        assertThat(buffers.held()).isEqualTo(1);
        assertThat(ring.closed()).isFalse();
    }

    @Test
    void anyThreadMayWakeForceAndAsk() {
        CompletableFuture.runAsync(() -> {
            ring.wakeup();
            assertThat(ring.healthy()).isTrue();
            assertThat(ring.closed()).isFalse();
            ring.forceUnhealthy();
        })
                .join();

        assertThat(fake.wakes).isEqualTo(2);
        assertThat(ring.healthy()).isFalse();
    }

    // ---- life -----------------------------------------------------------------------------------------------------

    @Test
    void useAfterCloseIsRefused() {
        receive(1, 5);
        Buffers buffers = ring.buffers();
        MemorySegment slice = buffers.slice(1);
        MemorySegment bytes = Arena.global().allocate(1);

        ring.close();
        ring.close();

        assertThat(ring.closed()).isTrue();
        assertThat(ring.healthy()).isFalse();
        assertThat(fake.closed).isTrue();
        assertThat(kernel.mapped).isEmpty();
        List<ThrowingCallable> calls = List.of(
                () -> ring.submitAcceptMultishot(FD),
                () -> ring.submitRecvMultishot(FD),
                () -> ring.submitSend(FD, bytes),
                () -> ring.submitSend(FD, bytes, bytes),
                () -> ring.submitClose(FD),
                () -> ring.cancel(1),
                () -> ring.eachCompletion(0, 0, this::record),
                () -> buffers.length(1),
                () -> buffers.copy(1),
                () -> buffers.slice(1),
                () -> buffers.release(1));
        for (ThrowingCallable call : calls) {
            assertThatIllegalStateException().isThrownBy(call).withMessageContaining("the ring is closed");
        }
        assertThatIllegalStateException().isThrownBy(() -> slice.get(JAVA_BYTE, 0));
        ring.wakeup();
    }

    @Test
    void closeCancelsAndTakesInWhatWasNotHandedOver() {
        ring.submitAcceptMultishot(FD);
        ring.eachCompletion(0, 0, this::record);
        fake.complete(UserData.of(1, 0, FD), 55, Abi.IORING_CQE_F_MORE);
        fake.complete(UserData.of(1, 0, FD), 56, Abi.IORING_CQE_F_MORE);

        ring.close();

        assertThat(kernel.closedFds).containsExactly(55, 56);
        assertThat(kernel.mapped).isEmpty();
    }

    @Test
    void closeOfABrokenRingClosesWhatItAcceptedAndKeepsTheBuffersMapped() {
        ring.submitAcceptMultishot(FD);
        ring.eachCompletion(0, 0, this::record);
        fake.complete(UserData.of(1, 0, FD), 55, Abi.IORING_CQE_F_MORE);
        ring.ring().fail(Errno.EIO);

        ring.close();

        assertThat(kernel.closedFds).containsExactly(55);
        assertThat(kernel.mapped).as("the kernel may still write to them").hasSize(2);
        assertThat(fake.closed).isTrue();
    }

    /** A negative limit would mean none at all. */
    @Test
    void closeNeverWaitsWithoutALimit() {
        kernel.nanosPerLook = 1_100_000_000;
        for (int i = 0; i < 8; i++) {
            fake.turns.add(_ -> 0); // takes nothing, ends nothing
        }

        ring.close();

        assertThat(fake.calls).isNotEmpty().allSatisfy(call -> assertThat(call.timeoutNanos()).isNotNegative());
        assertThat(fake.closed).isTrue();
    }

    @Test
    void forcedUnhealthyRingRefusesWorkAndCloses() {
        ring.forceUnhealthy();

        assertThat(ring.healthy()).isFalse();
        assertThat(ring.eachCompletion(1, -1, this::record)).isZero();
        assertThatIllegalStateException()
                .isThrownBy(() -> ring.submitRecvMultishot(FD))
                .withMessageContaining("unhealthy (forced)");
        ring.close();
        assertThat(kernel.mapped).isEmpty();
    }

    @Test
    void fatalErrnoEndsTheRingWithoutAnException() {
        fake.turns.add(_ -> -Errno.EOWNERDEAD);

        assertThat(ring.eachCompletion(1, -1, this::record)).isZero();

        assertThat(ring.healthy()).isFalse();
        assertThatIllegalStateException()
                .isThrownBy(() -> ring.submitRecvMultishot(FD))
                .withMessageContaining("EOWNERDEAD");
    }

    // ---- completions ----------------------------------------------------------------------------------------------

    @Test
    void handsOver64AtMostAndTheRestNext() {
        for (int i = 0; i < 150; i++) {
            fake.complete(UserData.of(3, 0, i), 1, 0);
        }

        assertThat(ring.eachCompletion(1, 0, this::record)).isEqualTo(64);
        assertThat(ring.eachCompletion(1, 0, this::record)).isEqualTo(64);
        assertThat(ring.eachCompletion(1, 0, this::record)).isEqualTo(22);

        assertThat(seen).hasSize(150);
        assertThat(seen.getFirst()).isEqualTo("SEND 0 1 -1 false");
        assertThat(seen.getLast()).isEqualTo("SEND 149 1 -1 false");
    }

    @Test
    void bufferIsTakenByTheFlagAndNotByTheResult() {
        fake.complete(UserData.of(2, 0, FD), -Errno.ECONNRESET, Abi.IORING_CQE_F_BUFFER | 3 << 16);
        fake.complete(UserData.of(2, 0, FD), -Errno.ENOBUFS, 0);

        ring.eachCompletion(2, 0, this::record);

        assertThat(seen).containsExactly("RECV 7 -104 3 false", "RECV 7 -105 -1 false");
        assertThat(ring.buffers().length(3)).isZero();
        ring.buffers().release(3);
        assertThat(ring.buffers().held()).isZero();
    }

    @Test
    void completionsOfAFormerLifeOfTheDescriptorAreDropped() {
        fake.complete(UserData.of(2, 0, FD), 5, Abi.IORING_CQE_F_BUFFER | Abi.IORING_CQE_F_MORE);
        fake.complete(UserData.of(1, 0, FD), 77, 0);
        fake.complete(UserData.of(4, 1, FD), 0, 0);
        ring.submitClose(FD);

        assertThat(ring.eachCompletion(1, 0, this::record)).isEqualTo(1);

        assertThat(seen).containsExactly("CLOSE 7 0 -1 false");
        assertThat(ring.staleCompletions()).isEqualTo(2);
        assertThat(ring.buffers().held()).isZero();
        assertThat(kernel.closedFds).containsExactly(77);
    }

    @Test
    void generationsWrapAndStayApart() {
        fake.forgetful = true;
        for (int i = 0; i <= UserData.GENERATION_MASK; i++) {
            ring.submitClose(3000);
        }
        fake.complete(UserData.of(3, 0, 3000), 1, 0);
        fake.complete(UserData.of(3, 1, 3000), 1, 0);

        ring.eachCompletion(0, 0, this::record);

        assertThat(seen).containsExactly("SEND 3000 1 -1 false");
        assertThat(ring.staleCompletions()).isEqualTo(1);
    }

    @Test
    void handlerMayNotReenterNorClose() {
        fake.complete(UserData.of(3, 0, FD), 1, 0);
        fake.complete(UserData.of(3, 0, FD), 2, 0);

        ring.eachCompletion(2, 0, (op, fd, result, bufferId, more) -> {
            record(op, fd, result, bufferId, more);
            assertThatIllegalStateException()
                    .isThrownBy(() -> ring.eachCompletion(0, 0, this::record))
                    .withMessageContaining("from its own handler");
            assertThatIllegalStateException().isThrownBy(ring::close).withMessageContaining("from its own handler");
        });

        assertThat(seen).hasSize(2);
        ring.close();
    }

    @Test
    void handlerThatThrowsLosesOnlyItsOwnCompletion() {
        fake.complete(UserData.of(3, 0, FD), 1, 0);
        fake.complete(UserData.of(3, 0, FD), 2, 0);

        assertThatThrownBy(() -> ring.eachCompletion(2, 0, (_, _, _, _, _) -> {
            throw new UnsupportedOperationException("mine");
        }))
                .hasMessage("mine");

        assertThat(ring.eachCompletion(0, 0, this::record)).isEqualTo(1);
        assertThat(seen).containsExactly("SEND 7 2 -1 false");
    }

    // ---- buffers --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(ints = {-1, 4, 65535})
    void foreignBufferIdIsRefused(int bufferId) {
        List<ThrowingCallable> calls = List.of(
                () -> ring.buffers().copy(bufferId),
                () -> ring.buffers().slice(bufferId),
                () -> ring.buffers().length(bufferId),
                () -> ring.buffers().release(bufferId));
        for (ThrowingCallable call : calls) {
            assertThatIllegalArgumentException()
                    .isThrownBy(call)
                    .withMessageContaining("buffer id " + bufferId)
                    .withMessageContaining("foreign")
                    .withMessageContaining("0..3");
        }
    }

    @Test
    void secondReleaseIsRefusedAndPublishesNothing() {
        receive(2, 5);
        Buffers buffers = ring.buffers();
        buffers.release(2);

        assertThatIllegalStateException()
                .isThrownBy(() -> buffers.release(2))
                .withMessageContaining("buffer 2")
                .withMessageContaining("released already")
                .withMessageContaining("another client's bytes");

        ring.eachCompletion(0, 0, this::record);
        assertThat(publishedTail()).isEqualTo(4 + 1);
    }

    @Test
    void bufferOfTheKernelIsRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> ring.buffers().copy(0))
                .withMessageContaining("buffer 0 is the kernel's");
    }

    @Test
    void showsOnlyWhatWasReceived() {
        slab().fill((byte) 's'); // another client's secret
        slab().asSlice(2 * 32, 5).copyFrom(MemorySegment.ofArray(new byte[]{1, 2, 3, 4, 5}));
        receive(2, 5);
        Buffers buffers = ring.buffers();

        assertThat(buffers.length(2)).isEqualTo(5);
        assertThat(buffers.copy(2)).containsExactly(1, 2, 3, 4, 5);
        assertThat(buffers.slice(2).toArray(JAVA_BYTE)).containsExactly(1, 2, 3, 4, 5);
        assertThatThrownBy(() -> buffers.slice(2).get(JAVA_BYTE, 5)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void sliceEndsWithItsBufferAlsoWhenTheBufferIsBack() {
        receive(2, 5);
        MemorySegment slice = ring.buffers().slice(2);
        MemorySegment twin = ring.buffers().slice(2);
        ring.buffers().release(2);
        receive(2, 7);

        assertThatIllegalStateException().isThrownBy(() -> slice.get(JAVA_BYTE, 0));
        assertThatIllegalStateException().isThrownBy(() -> twin.toArray(JAVA_BYTE));
        assertThatIllegalStateException().isThrownBy(() -> ring.submitSend(FD, slice));
        assertThat(ring.buffers().slice(2).byteSize()).isEqualTo(7);
    }

    @Test
    void releasedBuffersArePublishedByTheNextTurnWithOneStore() {
        for (int id = 0; id < 4; id++) {
            receive(id, 1);
        }
        for (int id = 0; id < 4; id++) {
            ring.buffers().release(id);
        }
        assertThat(publishedTail()).isEqualTo(4);

        ring.eachCompletion(0, 0, this::record);

        assertThat(publishedTail()).isEqualTo(8);
    }

    /** A length or an id that cannot be is a broken kernel, and must not show the neighbour's bytes. */
    @Test
    void impossibleCompletionsAreNotBelieved() {
        fake.complete(UserData.of(2, 0, FD), 33, Abi.IORING_CQE_F_BUFFER);
        assertThatIllegalStateException()
                .isThrownBy(() -> ring.eachCompletion(0, 0, this::record))
                .withMessageContaining("33 bytes");
        fake.complete(UserData.of(2, 0, FD), 1, Abi.IORING_CQE_F_BUFFER | 4 << 16);
        assertThatIllegalStateException()
                .isThrownBy(() -> ring.eachCompletion(0, 0, this::record))
                .withMessageContaining("buffer 4");
        receive(1, 1);
        fake.complete(UserData.of(2, 0, FD), 1, Abi.IORING_CQE_F_BUFFER | 1 << 16);
        assertThatIllegalStateException()
                .isThrownBy(() -> ring.eachCompletion(0, 0, this::record))
                .withMessageContaining("buffer 1");
        assertThat(seen).containsExactly("RECV 7 1 1 true");
    }

    private void receive(int bufferId, int bytes) {
        fake.complete(UserData.of(2, 0, FD), bytes, Abi.IORING_CQE_F_BUFFER | Abi.IORING_CQE_F_MORE | bufferId << 16);
        assertThat(ring.eachCompletion(0, 0, this::record)).isEqualTo(1);
    }

    private void record(OpKind op, int fd, int result, int bufferId, boolean more) {
        seen.add(op + " " + fd + " " + result + " " + bufferId + " " + more);
    }

    private int publishedTail() {
        return kernel.mapped.get(1).get(Abi.U16, 14);
    }

    private MemorySegment slab() {
        return kernel.mapped.get(0);
    }

    @SuppressWarnings("restricted") // an address that nobody looks at
    private static MemorySegment reserved(long bytes) {
        return MemorySegment.ofAddress(4096).reinterpret(bytes);
    }
}
