package io.hotpath.ring;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingSetup;
import io.hotpath.kernel.Sockets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;

/** A kernel that does what the test says, on plain segments. Its sockets can only be closed. */
final class FakeKernel implements Kernel {
    final List<FakeRing> rings = new ArrayList<>();
    final List<MemorySegment> mapped = new ArrayList<>();

    final List<Integer> closedFds = new ArrayList<>();

    /** What {@link #nanoTime()} adds at each look. */
    long nanosPerLook;

    /** How many more mappings there is memory for. */
    int mappingsLeft = Integer.MAX_VALUE;

    /** Where the counters of the next ring begin. */
    int countersStart;

    private final Sockets sockets = (Sockets) Proxy.newProxyInstance(
            Sockets.class.getClassLoader(), new Class<?>[]{Sockets.class}, (_, method, arguments) -> {
                if (!method.getName().equals("close")) {
                    return -Errno.EPERM;
                }
                closedFds.add((Integer) arguments[0]);
                return 0;
            });

    private long nanos;

    /** The ring that was opened last. */
    FakeRing ring() {
        return rings.getLast();
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public KernelRing openRing(RingSetup setup) {
        rings.add(new FakeRing(this, setup));
        ring().startAt(countersStart);
        return ring();
    }

    @Override
    public Sockets sockets() {
        return sockets;
    }

    @Override
    public MemorySegment mapMemory(long bytes) {
        if (mappingsLeft-- <= 0) {
            throw new EngineException("mmap of " + bytes + " bytes", Errno.ENOMEM, "the test has no more memory");
        }
        MemorySegment memory = Arena.ofAuto().allocate(bytes, 64);
        mapped.add(memory);
        return memory;
    }

    @Override
    public void unmapMemory(MemorySegment memory) {
        if (!mapped.removeIf(other -> other.address() == memory.address())) {
            throw new IllegalStateException("unmapped and never mapped");
        }
    }

    @Override
    public long nanoTime() {
        nanos += nanosPerLook;
        return nanos;
    }
}
