package io.hotpath.kernel.linux;

import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.RingSetup;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Opens rings for tests, of every package; a host that refuses is a visible skip, or red with {@code -Dhotpath.requireUring=true}. */
public final class UringHost {
    static final RingSetup SMALL = new RingSetup(8, 32, false);
    static final RingSetup RESTRICTED = new RingSetup(8, 32, true);

    private UringHost() {}

    static LinuxRing open(RingSetup setup) {
        return open(setup, SetUp.LADDER);
    }

    static LinuxRing open(RingSetup setup, List<Integer> ladder) {
        try {
            return LinuxRing.open(LinuxKernel.instance(), setup, ladder);
        } catch (KernelRefused | UnsupportedOperationException refused) {
            if (Boolean.getBoolean("hotpath.requireUring")) {
                throw refused;
            }
            return Assumptions.abort("io_uring is not available: " + refused.getMessage());
        }
    }

    /** For tests that open their rings themselves. */
    public static void require() {
        open(SMALL).close();
    }
}
