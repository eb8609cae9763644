package io.hotpath.bench.jmh;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingSetup;
import io.hotpath.ring.Ring;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What {@link RoundTrip} costs with nothing but a bare ring above the kernel: to be subtracted from it. */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH calls open first
public class KernelPart extends Timing {
    private static final int CLIENTS = 64;

    private Ring ring;

    @Setup
    public void open() {
        StepKernel kernel = new StepKernel(CLIENTS, 64);
        ring = Ring.open(kernel, new RingSetup(1024, 4096, false));
        KernelRing below = ring.kernelRing();
        MemorySegment buffers = kernel.mapMemory(512 * Abi.BUF_BYTES);
        below.registerBufferRing(buffers, 512, 0);
        for (int i = 0; i < CLIENTS; i++) {
            ring.prepRecvMultishot(4 + i, 0, 0, 4 + i);
        }
        ring.submitAndWait(0, 0);
    }

    @Benchmark
    @OperationsPerInvocation(CLIENTS)
    public int echo() {
        int count = ring.drain(this::completed, 2 * CLIENTS);
        ring.submitAndWait(0, 0);
        return count;
    }

    private void completed(long userData, int result, int flags) {
        if (userData > 0) {
            ring.prepSend((int) userData, 0x1000, result, -userData);
        }
    }
}
