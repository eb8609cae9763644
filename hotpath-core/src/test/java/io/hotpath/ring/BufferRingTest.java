package io.hotpath.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.RingSetup;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The entries and the tail of a buffer ring in plain memory. */
final class BufferRingTest {
    private static final int GROUP = 3;

    private final FakeKernel kernel = new FakeKernel();
    private final Ring ring = Ring.open(kernel, new RingSetup(4, 16, false));

    @Test
    void writesEntriesAndShowsThemWithOneStore() {
        BufferRing buffers = BufferRing.register(ring, 4, GROUP);

        buffers.add(0x1000, 100, 0);
        buffers.add(0x2000, 200, 0xfffe);
        assertThat(tail()).isZero();
        buffers.publish();

        assertThat(tail()).isEqualTo(2);
        assertEntry(0, 0x1000, 100, 0);
        assertEntry(1, 0x2000, 200, 0xfffe);
    }

    @Test
    void knowsWhichBufferFollowsAlsoWhenOthersOvertakeIt() {
        BufferRing buffers = BufferRing.register(ring, 4, GROUP);
        for (int id : new int[]{2, 0, 3, 1}) {
            buffers.add(0x1000, 100, id);
        }
        buffers.publish();
        buffers.taken();
        buffers.taken();
        buffers.add(0x1000, 100, 3); // completed before the bundle of 2 and 0 that the kernel took first

        assertThat(buffers.following(2)).isEqualTo(0);
        assertThat(buffers.following(1)).isEqualTo(3);
    }

    /** Entry 0 lends its last two bytes to the tail; a ring of one entry writes it each time. */
    @Test
    void entryZeroLeavesTheTailAlone() {
        BufferRing buffers = BufferRing.register(ring, 1, GROUP);
        for (int i = 0; i < 300; i++) {
            buffers.add(0xffff_ffff_ffff_ffffL, 0xffff_ffff, 0xffff);
            assertThat(tail()).isEqualTo(i);
            buffers.publish();
            assertThat(tail()).isEqualTo(i + 1);
            buffers.taken();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 32768})
    void tailWrapsPast65536(int count) {
        BufferRing buffers = BufferRing.register(ring, count, GROUP);
        int total = 65536 + 3 * count;
        for (int i = 0; i < total; i++) {
            buffers.add(i, i, i % count);
            buffers.publish();
            assertThat(tail()).isEqualTo((i + 1) & 0xffff);
            assertEntry(i % count, i, i, i % count);
            buffers.taken();
        }
        assertThat(buffers.kernelHeld()).isZero();
    }

    @Test
    void whatIsHeldAndWhatIsAboutToBeAddUp() {
        BufferRing buffers = BufferRing.register(ring, 4, GROUP);
        buffers.add(1, 1, 0);
        buffers.add(2, 1, 1);
        assertThat(buffers.kernelHeld()).isZero();
        assertThat(buffers.available()).isEqualTo(2);

        buffers.publish();
        buffers.taken();
        buffers.add(3, 1, 0);

        assertThat(buffers.kernelHeld()).isEqualTo(1);
        assertThat(buffers.available()).isEqualTo(2);
        buffers.publish();
        buffers.publish();
        assertThat(buffers.kernelHeld()).isEqualTo(2);
    }

    @Test
    void moreBuffersThanEntriesAreNoticedBeforeTheKernelSeesThem() {
        BufferRing buffers = BufferRing.register(ring, 2, GROUP);
        for (int i = 0; i < 3; i++) {
            buffers.add(i, 1, i);
        }

        assertThatThrownBy(buffers::publish).isInstanceOf(AssertionError.class).hasMessageContaining("holds 3 of 2");
        assertThat(tail()).isZero();
    }

    @Test
    void moreBuffersTakenThanPublishedAreNoticed() {
        BufferRing buffers = BufferRing.register(ring, 2, GROUP);

        assertThatThrownBy(buffers::taken).isInstanceOf(AssertionError.class).hasMessageContaining("gave more");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 3, 12, 32769, 65536, Integer.MIN_VALUE})
    void countIsAPowerOfTwoThatTheKernelTakes(int count) {
        assertThatThrownBy(() -> BufferRing.register(ring, count, GROUP))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("buffer count is " + count)
                .hasMessageContaining("power of two")
                .hasMessageContaining("32768")
                .hasMessageContaining("16-bit");
    }

    @Test
    void refusalUnmapsTheEntriesAndNamesTheErrno() {
        kernel.ring().registerResult = -Errno.EINVAL;

        assertThatThrownBy(() -> BufferRing.register(ring, 4, GROUP))
                .isInstanceOfSatisfying(EngineException.class, refused -> assertThat(refused.errno())
                        .isEqualTo(Errno.EINVAL))
                .hasMessageContaining("4 entries")
                .hasMessageContaining("5.19");
        assertThat(kernel.mapped).isEmpty();
    }

    @Test
    void unregisteringGivesTheEntriesBack() {
        BufferRing buffers = BufferRing.register(ring, 4, GROUP);
        assertThat(kernel.ring().groups).containsExactly(GROUP);

        buffers.unregister();

        assertThat(kernel.ring().groups).isEmpty();
        assertThat(kernel.mapped).isEmpty();
    }

    private void assertEntry(int index, long address, int length, int bufferId) {
        MemorySegment entries = kernel.mapped.getLast();
        assertThat(entries.get(Abi.U64, index * 16L)).isEqualTo(address);
        assertThat(entries.get(Abi.U32, index * 16L + 8)).isEqualTo(length);
        assertThat(Short.toUnsignedInt(entries.get(Abi.U16, index * 16L + 12))).isEqualTo(bufferId);
    }

    private int tail() {
        return Short.toUnsignedInt(kernel.mapped.getLast().get(Abi.U16, 14));
    }
}
