package io.hotpath.engine;

import io.hotpath.kernel.sim.SimFaults;
import java.util.function.Consumer;
import org.opentest4j.TestAbortedException;

/** The kernels that a contract test runs on; the simulated one with many seeds, each of which a failure names. */
enum Beds {
    SIM(100),
    SIM_WITH_FAULTS(300),
    EPOLL(1),
    LINUX(1);

    private final int seeds;
    Beds(int seeds) {
        this.seeds = seeds;
    }

    /** Whether the clients are sockets of this host. */
    boolean real() {
        return this == EPOLL || this == LINUX;
    }

    void run(EngineConfig config, Consumer<Bed> test) {
        run(config, seeds, test);
    }

    /** With fewer seeds, for what takes longer. */
    void run(EngineConfig config, int count, Consumer<Bed> test) {
        Long given = Long.getLong("hotpath.seed");
        long first = given == null ? 1 : given;
        long last = given == null ? count : given;
        for (long seed = first; seed <= last; seed++) {
            try (Bed bed = open(seed, config)) {
                test.accept(bed);
            } catch (TestAbortedException skipped) {
                throw skipped;
            } catch (AssertionError | RuntimeException failed) {
                throw new AssertionError(this + " -Dhotpath.seed=" + seed + ": " + failed.getMessage(), failed);
            }
        }
    }

    private Bed open(long seed, EngineConfig config) {
        return switch (this) {
            case SIM -> Bed.sim(seed, SimFaults.none(), config);
            case SIM_WITH_FAULTS -> Bed.sim(seed, SimFaults.mild(), config);
            case EPOLL -> Bed.epoll(config);
            case LINUX -> Bed.linux(config);
        };
    }

    void run(Consumer<Bed> test) {
        run(Bed.SMALL, test);
    }
}
