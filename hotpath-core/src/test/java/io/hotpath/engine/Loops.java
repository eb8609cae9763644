package io.hotpath.engine;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.faults.ClosingAudit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Loops that share an address, each in a thread of its own, started and ended one by one. */
final class Loops implements AutoCloseable {
    static final long PATIENCE_SECONDS = 30;
    private static final int BACKLOG = 1024;

    static {
        warmUp();
    }

    private final ListenerHandler handler;
    private final int port;
    private final Running[] running;
    private @Nullable ListenAddress address;

    Loops(int count, int port, ListenerHandler handler) {
        this.handler = handler;
        this.port = port;
        running = new Running[count];
    }

    /** The JDK keeps a socket of its own from the first one that was connected: no audit is to miss it. */
    private static void warmUp() {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort()).close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** A loop and what became of it. */
    static final class Running {
        final CompletableFuture<Engine> opened = new CompletableFuture<>();
        final CompletableFuture<Optional<Throwable>> ended = new CompletableFuture<>();
        final EngineLoop loop;
        final Thread thread;

        private Running(int index, Supplier<Engine> opener, Consumer<Engine> listen) {
            loop = new EngineLoop(opener, engine -> {
                listen.accept(engine);
                opened.complete(engine);
            }, cause -> {
                opened.completeExceptionally(cause == null ? new IllegalStateException("stopped") : cause);
                ended.complete(Optional.ofNullable(cause));
            });
            thread = Thread.ofPlatform().name("loop-" + index).start(loop);
        }

        Engine engine() {
            return get(opened);
        }

        EngineStats stats() {
            return engine().stats();
        }

        /** Waits for its end, and returns what ended it; it has left nothing behind. */
        Optional<Throwable> ended() {
            Optional<Throwable> cause = get(ended);
            try {
                assertThat(thread.join(java.time.Duration.ofSeconds(PATIENCE_SECONDS))).isTrue();
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
            if (opened.isDone() && !opened.isCompletedExceptionally()) {
                assertThat(ClosingAudit.leaks(stats())).isEmpty();
            }
            return cause;
        }
    }

    /** What this process holds, to be compared with what it holds in the end. */
    static ClosingAudit audit() {
        return ClosingAudit.ofThisProcess();
    }

    /** Starts loop {@code index}, which listens; the first one binds for all. */
    Running start(int index, Supplier<Engine> opener) {
        Running started = new Running(index, opener, engine -> listen(engine, index));
        running[index] = started;
        started.engine();
        return started;
    }

    Running start(int index, EngineConfig config) {
        return start(index, () -> Engine.open(config));
    }

    Running loop(int index) {
        return running[index];
    }

    private synchronized void listen(Engine engine, int index) {
        try {
            ListenAddress bound = address;
            if (bound == null) {
                InetSocketAddress where = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
                bound = ListenAddress.bind(engine, where, BACKLOG, running.length);
                address = bound;
            }
            engine.listen(bound, index, handler);
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    synchronized ListenAddress address() {
        return java.util.Objects.requireNonNull(address);
    }

    int port() {
        return ((InetSocketAddress) address().address()).getPort();
    }

    /** Stops all that run. */
    @Override
    public void close() {
        for (Running each : running) {
            if (each != null) {
                each.loop.stop();
            }
        }
        for (Running each : running) {
            if (each != null) {
                each.ended();
            }
        }
        ListenAddress bound = address;
        if (bound != null) {
            bound.close();
        }
    }

    static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(PATIENCE_SECONDS, SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException failed) {
            throw new AssertionError(failed);
        }
    }

    /** Runs {@code action} on the loop thread of {@code engine} and waits for it. */
    static void onLoop(Engine engine, Runnable action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        engine.execute(() -> {
            try {
                action.run();
                done.complete(null);
            } catch (Throwable thrown) {
                done.completeExceptionally(thrown);
            }
        });
        get(done);
    }

    static void await(String what, java.util.function.BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("never happened: " + what).isNegative();
            java.util.concurrent.locks.LockSupport.parkNanos(100_000);
        }
    }
}
