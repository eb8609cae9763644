package io.hotpath.bench.jmh;

import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A kernel with one listener and a fixed number of clients, each of which sends a message per {@code enter}. */
final class StepKernel implements Kernel {
    private static final long PAGE_BYTES = 4096;

    private final int clients;
    private final int messageBytes;
    private final Sockets sockets = new StepSockets();

    StepKernel(int clients, int messageBytes) {
        this.clients = clients;
        this.messageBytes = messageBytes;
    }

    @Override
    public String name() {
        return "step";
    }

    @Override
    public KernelRing openRing(RingSetup setup) {
        return new StepRing(this, setup, clients, messageBytes);
    }

    @Override
    public Sockets sockets() {
        return sockets;
    }

    @Override
    public MemorySegment mapMemory(long bytes) {
        return Arena.global().allocate(bytes, PAGE_BYTES);
    }

    @Override
    public void unmapMemory(MemorySegment memory) {}

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }
}
