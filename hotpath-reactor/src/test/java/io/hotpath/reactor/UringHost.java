package io.hotpath.reactor;

import io.hotpath.EngineException;
import io.hotpath.KernelPolicy;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import org.junit.jupiter.api.Assumptions;

/** A host that refuses io_uring is a visible skip, or red with {@code -Dhotpath.requireUring=true}. */
final class UringHost {
    private UringHost() {}

    static void require() {
        try {
            Engine.open(EngineConfig.DEFAULT.withPolicy(KernelPolicy.IO_URING)).close();
        } catch (EngineException | UnsupportedOperationException refused) {
            if (Boolean.getBoolean("hotpath.requireUring")) {
                throw refused;
            }
            Assumptions.abort("io_uring is not available: " + refused.getMessage());
        }
    }
}
