package io.hotpath.bench.jmh;

import io.hotpath.kernel.Abi;
import io.hotpath.kernel.KernelRing;
import io.hotpath.kernel.RingMemory;
import io.hotpath.kernel.RingSetup;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What the {@link StepKernel} does for each message of {@link RoundTrip}: takes the SQE of a send, posts its CQE and that of a receive.
 * Subtracted from a round trip it leaves what is Hotpath's.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH calls open first
public class KernelPart extends Timing {
    private static final RingSetup SETUP = new RingSetup(1024, 4096, false);
    private static final int BUFFERS = 512;

    private KernelRing ring;

    @Setup
    public void open() {
        StepKernel kernel = new StepKernel(RoundTrip.CLIENTS, RoundTrip.MESSAGE_BYTES);
        ring = kernel.openRing(SETUP);
        ring.registerBufferRing(kernel.mapMemory(BUFFERS * Abi.BUF_BYTES), BUFFERS, 0);
        write(Abi.IORING_OP_RECV, RoundTrip.CLIENTS);
        ring.enter(RoundTrip.CLIENTS, 0, false, 0);
        write(Abi.IORING_OP_SEND, SETUP.sqEntries()); // they are taken again and again
    }

    private void write(int opcode, int count) {
        RingMemory memory = ring.memory();
        for (int i = 0; i < count; i++) {
            long at = i * Abi.SQE_BYTES;
            long fd = (long) StepRing.FIRST_CLIENT + i;
            memory.sqes().set(Abi.U64, at + Abi.SQE_HEAD, opcode | fd << 32);
            memory.sqes().set(Abi.U64, at + Abi.SQE_USER_DATA, fd);
        }
    }

    /** One message of a batch. */
    @Benchmark
    @OperationsPerInvocation(RoundTrip.CLIENTS)
    public int echo() {
        return ring.enter(RoundTrip.CLIENTS, 0, true, 0);
    }
}
