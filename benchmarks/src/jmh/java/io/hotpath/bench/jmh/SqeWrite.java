package io.hotpath.bench.jmh;

import io.hotpath.kernel.RingSetup;
import io.hotpath.ring.Ring;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Preparing a send: an SQE written, and its share of a submission. */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH calls open first
public class SqeWrite extends Timing {
    private static final int BATCH = 64;

    private Ring ring;

    @Setup
    public void open() {
        ring = Ring.open(new StepKernel(0, 0), new RingSetup(1024, 4096, false));
    }

    /** One SQE of a batch of 64; the kernel's part is in it. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public int send() {
        for (int i = 0; i < BATCH; i++) {
            ring.prepSend(5, 0x1000, 64, i);
        }
        ring.submit();
        return ring.drain((userData, result, flags) -> {}, BATCH);
    }
}
