package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;

class SlotTableTest {
    private final SlotTable slots = new SlotTable(2);

    @Test
    void aLateCompletionFindsNobodyThoughTheSlotIsTakenAgain() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            Connection first = occupy(bed);
            long late = first.userData(Ops.RECV);
            assertThat(slots.find(late)).isSameAs(first);
            slots.vacate(first);
            assertThat(slots.find(late)).isNull();
            Connection second = occupy(bed);
            assertThat(second.slot()).isEqualTo(first.slot());
            assertThat(slots.find(late)).isNull();
            assertThat(slots.find(second.userData(Ops.RECV))).isSameAs(second);
        }
    }

    @Test
    void thereAreNoMoreThanItsMaximum() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            Connection first = occupy(bed);
            occupy(bed);
            assertThat(slots.occupy(bed.engine, 9, Connection.OPEN)).isNull();
            slots.vacate(first);
            assertThat(slots.count()).isEqualTo(1);
            assertThat(occupy(bed).slot()).isEqualTo(first.slot());
        }
    }

    private Connection occupy(Bed bed) {
        return Objects.requireNonNull(slots.occupy(bed.engine, 9, Connection.OPEN));
    }
}
