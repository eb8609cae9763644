package io.hotpath.kernel.libc;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

final class HostTest {
    @Test
    void saysWhereItDoesNotRun() {
        assertThatThrownBy(() -> Host.require("Mac OS X", 8, ByteOrder.LITTLE_ENDIAN))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("Mac OS X");
        assertThatThrownBy(() -> Host.require("Linux", 4, ByteOrder.LITTLE_ENDIAN)).hasMessageContaining("32-bit");
        assertThatThrownBy(() -> Host.require("Linux", 8, ByteOrder.BIG_ENDIAN)).hasMessageContaining("BIG_ENDIAN");
    }
}
