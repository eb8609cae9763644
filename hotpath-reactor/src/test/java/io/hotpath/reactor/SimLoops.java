package io.hotpath.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineLoop;
import io.hotpath.kernel.sim.SimKernel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;

/**
 * Streams whose loops stand on simulated kernels, one each. A thread per loop turns it without ever waiting, and plays the
 * peers between two turns.
 */
final class SimLoops implements AutoCloseable {
    static final int PORT = 7007;

    /** As large as a buffer, so that bytes that wait without demand are not put together. */
    static final int CHUNK_BYTES = 64;

    // the machine is shared, also with the loops of a test before
    private static final long PAUSE_MIN_NANOS = 20_000;
    private static final long PAUSE_MAX_NANOS = 1_000_000;

    private final List<Bound> bounds = new CopyOnWriteArrayList<>();
    private final Queue<EngineLoop> running = new ConcurrentLinkedQueue<>();
    private final Queue<String> leaks = new ConcurrentLinkedQueue<>();

    /** The clients of one kernel, on its thread. */
    @FunctionalInterface
    interface Peers {
        Peers NONE = () -> false;

        /** Does what there is to do now; false if that was nothing. */
        boolean play();
    }

    /** Nothing listens anywhere else; the kernel is the loop's own. */
    CompletionStream listen() {
        return CompletionStream.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT))
                .config(Running.CONFIG.withBuffers(64, CHUNK_BYTES).withCopyBytesMax(64 << 10))
                .doOnBound(bounds::add);
    }

    /** {@code flux} with each loop that it starts on a kernel of its own, whose peers {@code play} moves in every turn. */
    <T> Flux<T> on(Flux<T> flux, Function<SimKernel, Peers> play) {
        return new Flux<>() {
            @Override
            public void subscribe(CoreSubscriber<? super T> actual) {
                HotpathThread.SIMULATION.set(loop -> start(loop, play));
                try {
                    flux.subscribe(actual);
                } finally {
                    HotpathThread.SIMULATION.remove();
                }
            }
        };
    }

    private void start(EngineLoop loop, Function<SimKernel, Peers> play) {
        running.add(loop);
        Thread.ofPlatform().name("simulated").daemon(true).start(() -> turn(loop, play));
    }

    private void turn(EngineLoop loop, Function<SimKernel, Peers> play) {
        SimKernel kernel = SimKernel.create(1);
        try {
            Peers peers = play.apply(kernel);
            loop.open(config -> Engine.open(kernel, config));
            long pause = PAUSE_MIN_NANOS;
            while (loop.turn(0)) {
                pause = peers.play() ? PAUSE_MIN_NANOS : Math.min(pause * 2, PAUSE_MAX_NANOS);
                LockSupport.parkNanos(pause);
            }
            if (kernel.openDescriptors() != 0) {
                leaks.add(kernel + " has open descriptors");
            }
        } catch (Throwable thrown) {
            leaks.add(thrown.toString());
            loop.stop();
        } finally {
            running.remove(loop);
        }
    }

    /** Stops what still runs; nothing must be left of any loop. */
    @Override
    public void close() {
        running.forEach(EngineLoop::stop);
        Await.until("every loop has ended", () -> running.isEmpty());
        assertThat(leaks).isEmpty();
        for (Bound bound : bounds) {
            bound.onDispose().block(Duration.ofSeconds(20));
            Audit.clean(bound.stats());
        }
        bounds.clear();
    }
}
