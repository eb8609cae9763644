package io.hotpath.kernel.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

final class LinuxKernelTest {
    @Test
    @EnabledOnOs(OS.LINUX)
    void mapsZeroedPagesForAnyThread() throws InterruptedException {
        Kernel kernel = LinuxKernel.instance();
        MemorySegment memory = kernel.mapMemory(10_000);

        assertThat(memory.byteSize()).isEqualTo(10_000);
        assertThat(memory.address() % 4096).isZero();
        assertThat(memory.toArray(JAVA_BYTE)).containsOnly(0);
        Thread.ofPlatform().start(() -> memory.set(JAVA_BYTE, 9_999, (byte) 1)).join();
        assertThat(memory.get(JAVA_BYTE, 9_999)).isEqualTo((byte) 1);

        kernel.unmapMemory(memory);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void refusesToMapNothingAndMoreThanThereIs() {
        Kernel kernel = LinuxKernel.instance();

        assertThatThrownBy(() -> kernel.mapMemory(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> kernel.mapMemory(1L << 50))
                .isInstanceOfSatisfying(EngineException.class, refused -> assertThat(refused.errno())
                        .isEqualTo(Errno.ENOMEM))
                .hasMessageContaining("use fewer or smaller buffers");
        MemorySegment odd = MemorySegment.ofAddress(1);
        assertThatThrownBy(() -> kernel.unmapMemory(odd)).isInstanceOf(EngineException.class);
    }

    /** Asked of those versions of which it is known; a kernel of a vendor may be corrected, or not. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void bundlesHaveACapWhereTheKernelLeavesTheLengthsOfBuffersAlone() {
        UringHost.require();
        int[] version = Arrays.stream(System.getProperty("os.version").split("[^0-9]+", 4))
                .limit(3)
                .mapToInt(Integer::parseInt)
                .toArray();
        boolean corrected = version[0] == 6 && version[1] == 18 && version[2] >= 36;
        boolean withoutCaps = version[0] < 6 || (version[0] == 6 && version[1] < 17);
        Assumptions.assumeTrue(corrected || withoutCaps, "nothing is known of this version");

        assertThat(LinuxKernel.instance().capsBundles()).isEqualTo(corrected);
    }
}
