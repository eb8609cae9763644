package io.hotpath.kernel.sim;

import io.hotpath.kernel.Abi;
import java.util.concurrent.atomic.AtomicInteger;

/** The wake-up descriptor of a ring; nobody reads it, so it stays readable once signalled. */
final class SimEvent extends SimFile {
    /** Any thread adds, the simulation's thread reads. */
    private final AtomicInteger signals = new AtomicInteger();

    void signal() {
        signals.incrementAndGet();
    }

    @Override
    int pollMask() {
        return Abi.POLLOUT | (signals.get() != 0 ? Abi.POLLIN : 0);
    }

    @Override
    int pulse() {
        return signals.get();
    }

    @Override
    void release() {}
}
