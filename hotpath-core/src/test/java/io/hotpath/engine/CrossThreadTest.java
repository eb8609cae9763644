package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimKernel;
import io.hotpath.kernel.sim.SimPeer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Hundreds of thousands of meetings of threads at each door of the engine: two that release one lease, one that reads what
 * another releases and the loop fills again, releases and the loop that takes them in, tasks and a loop that goes to sleep.
 * {@code .ci/mutate} breaks each of them and this test must notice.
 */
@Timeout(120)
class CrossThreadTest {
    private static final int ROUNDS = 2_000;
    private static final int BATCH = 64;
    private static final int SPINS = 1_000;
    private static final long PATIENCE_SECONDS = 60;
    private static final EngineConfig CONFIG =
            EngineConfig.DEFAULT.withEntries(64).withBuffers(2, 64).withCopyBytesMax(64 << 10);

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    // ---- releases -----------------------------------------------------------------------------------------------

    @Test
    void ofTwoThreadsThatReleaseOneLeaseExactlyOneSucceeds() throws Exception {
        BufferOwners owners = new BufferOwners(BATCH);
        long[] leases = new long[BATCH];
        long[] stale = new long[BATCH];
        boolean[][] won = new boolean[2][BATCH];
        AtomicLong steps = new AtomicLong(); // of all three: prepared, and each of the two that is done
        AtomicLong ready = new AtomicLong();
        List<Future<?>> releasing = new ArrayList<>();
        for (boolean[] mine : won) {
            releasing.add(threads.submit(() -> {
                for (long round = 0; round < ROUNDS; round++) {
                    await(steps, 3 * round + 1);
                    ready.incrementAndGet();
                    await(ready, 2 * round + 2); // spinning, so that both begin in the same moment
                    for (int i = 0; i < BATCH; i++) {
                        mine[i] = owners.leave(leases[i], BufferOwners.FREE);
                    }
                    steps.incrementAndGet();
                }
            }));
        }
        int both = 0;
        int none = 0;
        for (long round = 0; round < ROUNDS; round++) {
            for (int buffer = 0; buffer < BATCH; buffer++) {
                stale[buffer] = leases[buffer];
                leases[buffer] = owners.lend(buffer);
                assertThat(round > 0 && owners.leave(stale[buffer], BufferOwners.FREE)).isFalse();
            }
            steps.incrementAndGet();
            await(steps, 3 * round + 3);
            for (int i = 0; i < BATCH; i++) {
                both += won[0][i] && won[1][i] ? 1 : 0;
                none += won[0][i] || won[1][i] ? 0 : 1;
            }
        }
        for (Future<?> each : releasing) {
            each.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        assertThat(both).as("leases that two threads released").isZero();
        assertThat(none).as("leases that nobody could release").isZero();
    }

    private static void await(AtomicLong counter, long value) {
        for (int i = 1; counter.get() < value; i++) {
            if (i % SPINS == 0) {
                LockSupport.parkNanos(1);
            } else {
                Thread.onSpinWait();
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("interrupted");
            }
        }
    }

    @Test
    void everyBufferThatOthersReturnIsTakenInOnce() throws Exception {
        int[] next = new int[2 * BATCH];
        ReturnedBuffers returned = new ReturnedBuffers(next);
        AtomicLong[] inHand = new AtomicLong[2 * BATCH];
        for (int i = 0; i < inHand.length; i++) {
            inHand[i] = new AtomicLong(); // even: the application's, odd: on its way home
        }
        long total = (long) ROUNDS * BATCH;
        List<Future<?>> releasing = new ArrayList<>();
        for (int t = 0; t < 2; t++) {
            int first = t * BATCH;
            releasing.add(threads.submit((Callable<Void>) () -> {
                long pushed = 0;
                while (pushed < total && !Thread.interrupted()) {
                    for (int buffer = first; buffer < first + BATCH && pushed < total; buffer++) {
                        if ((inHand[buffer].get() & 1) == 0) {
                            inHand[buffer].incrementAndGet();
                            returned.push(buffer);
                            pushed++;
                        }
                    }
                }
                return null;
            }));
        }
        long taken = 0;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (taken < 2 * total) {
            int buffer = returned.steal();
            while (buffer != ReturnedBuffers.NONE) {
                int following = next[buffer];
                assertThat(inHand[buffer].getAndIncrement() & 1).as("buffer %d was returned", buffer).isEqualTo(1);
                taken++;
                buffer = following;
            }
            assertThat(System.nanoTime() < deadline).as("%d of %d buffers came home", taken, 2 * total).isTrue();
        }
        for (Future<?> each : releasing) {
            each.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        assertThat(returned.isEmpty()).isTrue();
    }

    // ---- reading ------------------------------------------------------------------------------------------------

    /** What a reader sees, published by the loop. */
    private record Received(long lease, byte value) {}

    @Test
    void aReaderNeverSeesTheBytesOfWhoCameAfterTheRelease() throws Exception {
        SimKernel kernel = SimKernel.create(1);
        try (Engine engine = Engine.open(kernel, CONFIG)) {
            Received[] latest = new Received[1];
            long[] releases = new long[1];
            ConnectionHandler handler = new ConnectionHandler() {
                @Override
                public void received(Connection connection, long lease, int length) {
                    byte value = engine.leases().byteAt(lease, 0);
                    synchronized (latest) {
                        latest[0] = new Received(lease, value);
                    }
                    releases[0]++;
                }

                @Override
                public void sent(Connection connection, long token, long bytes, int errno) {}

                @Override
                public void closed(Connection connection, int errno) {}
            };
            listen(engine, handler);
            SimPeer peer = kernel.connect(7007);
            AtomicLong seen = new AtomicLong();
            AtomicLong wrong = new AtomicLong();
            Future<?> reader = threads.submit(() -> {
                while (!Thread.interrupted()) {
                    Received now;
                    synchronized (latest) {
                        now = latest[0];
                    }
                    for (int i = 0; now != null && i < 50; i++) {
                        try {
                            if (engine.leases().byteAt(now.lease, 0) != now.value) {
                                wrong.incrementAndGet();
                            }
                            seen.incrementAndGet();
                        } catch (IllegalStateException released) {
                            break;
                        }
                    }
                }
            });
            // on a busy machine the reader may not have begun by then
            for (int round = 0; round < 5 * ROUNDS || (seen.get() == 0 && round < 500 * ROUNDS); round++) {
                peer.send((byte) round);
                long before = releases[0];
                for (int i = 0; releases[0] == before && i < 1_000; i++) {
                    engine.run(0);
                }
                assertThat(releases[0]).as("received").isEqualTo(before + 1);
                engine.leases().release(latest[0].lease);
            }
            reader.cancel(true);
            assertThat(seen.get()).as("reads that met a lease").isPositive();
            assertThat(wrong.get()).as("reads of another's bytes").isZero();
        }
    }

    private static void listen(Engine engine, ConnectionHandler handler) throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 7007);
        try (ListenAddress sockets = ListenAddress.bind(engine, address, 16, 1)) {
            engine.listen(sockets, 0, new ListenerHandler() {
                @Override
                public void accepted(Connection connection) {
                    connection.adopt(handler);
                    connection.start(false);
                    connection.request(Long.MAX_VALUE);
                }

                @Override
                public void listenerClosed(Listener listener, int errno) {}
            });
        }
    }

    // ---- waking -------------------------------------------------------------------------------------------------

    @Test
    void aLoopThatGoesToSleepMissesNoTask() throws Exception {
        Tasks tasks = new Tasks();
        Semaphore ring = new Semaphore(0);
        AtomicLong ran = new AtomicLong();
        long handOffs = 25L * ROUNDS;
        Future<Long> loop = threads.submit(() -> {
            long slept = 0;
            while (ran.get() < handOffs) {
                tasks.run();
                if (ran.get() < handOffs && tasks.goToSleep()) {
                    slept++;
                    if (!ring.tryAcquire(PATIENCE_SECONDS / 4, TimeUnit.SECONDS)) {
                        throw new AssertionError("asleep with a task in the queue, after " + ran.get());
                    }
                }
                ring.drainPermits(); // as an eventfd that is read
                tasks.awake();
            }
            return slept;
        });
        for (long i = 1; i <= handOffs; i++) {
            if (tasks.add(ran::incrementAndGet)) {
                ring.release();
            }
            for (int spins = 1; ran.get() < i && !loop.isDone(); spins++) {
                if (spins % SPINS == 0) {
                    LockSupport.parkNanos(1);
                }
            }
            if (loop.isDone()) {
                break;
            }
        }
        assertThat(loop.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).as("times it slept").isPositive();
        assertThat(ran.get()).isEqualTo(handOffs);
    }
}
