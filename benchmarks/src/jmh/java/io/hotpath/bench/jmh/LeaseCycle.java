package io.hotpath.bench.jmh;

import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.ListenAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A lease that another thread releases: receive completion, handler, release over there, buffer back in the ring. The threads
 * hand batches of {@value #CLIENTS} to each other and wait for them awake, so this needs two cores.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH calls open first
public class LeaseCycle extends Timing {
    private static final int CLIENTS = 64;

    private final long[] batch = new long[CLIENTS];
    private Engine engine;
    private Thread releaser;
    private int filled;

    /** The benchmark's thread adds one when {@link #batch} is full, the other one when it has released all of it. */
    private volatile long handOvers;

    private volatile boolean over;

    @Setup
    public void open() throws IOException {
        engine = Engine.open(new StepKernel(CLIENTS, 64), EngineConfig.DEFAULT);
        ConnectionHandler keeper = new ConnectionHandler() {
            @Override
            public void received(Connection connection, long lease, int length) {
                batch[filled++] = lease;
            }

            @Override
            public void closed(Connection connection, int errno) {}
        };
        engine.listen(ListenAddress.bind(engine, new InetSocketAddress(0), 1, 1), 0, connection -> {
            connection.adopt(keeper);
            connection.start(true);
            connection.request(Long.MAX_VALUE);
        });
        while (filled < CLIENTS) {
            engine.run(0); // until the clients are accepted and have sent
        }
        releaser = new Thread(this::release, "releaser");
        releaser.start();
    }

    private void release() {
        while (!over) {
            long seen = handOvers;
            if ((seen & 1) == 1) {
                for (long lease : batch) {
                    engine.leases().release(lease);
                }
                handOvers = seen + 1;
            } else {
                Thread.onSpinWait();
            }
        }
    }

    @Benchmark
    @OperationsPerInvocation(CLIENTS)
    public void releaseElsewhere() {
        long next = handOvers + 2;
        handOvers = next - 1;
        while (handOvers != next) {
            Thread.onSpinWait();
        }
        filled = 0;
        engine.run(0);
    }

    @TearDown
    public void close() throws InterruptedException {
        over = true;
        releaser.join();
    }
}
