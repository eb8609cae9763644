package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BufferOwnersTest {
    private static final int TAGS = 1024;

    /** Whatever the tag of the engine: one in so many has 0, as a number has that nobody lent. */
    @Test
    void aNumberThatIsNoLeaseTakesNothing() {
        for (int i = 0; i < TAGS; i++) {
            BufferOwners owners = new BufferOwners(1);
            long lease = owners.lend(0);
            for (long number : new long[]{-1, Long.MIN_VALUE, 1L << 62, lease | 1L << 62, lease | Long.MIN_VALUE}) {
                assertThat(owners.leave(number, BufferOwners.FREE)).as("%x for %x", number, lease).isFalse();
                assertThat(owners.lent(number)).isFalse();
            }
            assertThat(owners.leave(lease, BufferOwners.FREE)).isTrue();
        }
    }
}
