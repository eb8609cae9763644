package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An engine on the real kernel in a thread of its own, listening. For clients in other threads. */
final class Looped implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 20;

    final Thread thread;
    final EngineLoop loop;
    private final CompletableFuture<Engine> opened = new CompletableFuture<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile @Nullable InetSocketAddress address;

    Looped(EngineConfig config, ListenerHandler handler) {
        Bed.linuxKernel(); // or a visible skip
        loop = new EngineLoop(config, engine -> {
            address = listen(engine, handler);
            opened.complete(engine);
        }, ended -> {
            failure.set(ended);
            opened.completeExceptionally(ended == null ? new IllegalStateException("stopped") : ended);
        });
        thread = Thread.ofPlatform().name("looped").daemon(true).start(loop);
        engine();
    }

    private static InetSocketAddress listen(Engine engine, ListenerHandler handler) {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (ListenAddress sockets = ListenAddress.bind(engine, any, 1024, 1)) {
            engine.listen(sockets, 0, handler);
            return (InetSocketAddress) sockets.address();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    /** Accepts connections that echo without an object per event. */
    static ListenerHandler echo() {
        ConnectionHandler handler = new ConnectionHandler() {
            @Override
            public void received(Connection connection, long lease, int length) {
                connection.send(lease, 0);
            }

            @Override
            public void closed(Connection connection, int errno) {}
        };
        return connection -> {
            connection.adopt(handler);
            connection.start(true);
            connection.request(Long.MAX_VALUE);
        };
    }

    Engine engine() {
        try {
            return opened.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException failed) {
            throw new AssertionError("the engine did not open", failed);
        }
    }

    InetSocketAddress address() {
        return Objects.requireNonNull(address);
    }

    Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(address(), 20_000);
        socket.setSoTimeout(20_000);
        return socket;
    }

    /** Runs {@code action} on the loop thread and waits for it. */
    void onLoop(Consumer<Engine> action) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Engine engine = engine();
        engine.execute(() -> {
            try {
                action.accept(engine);
                done.complete(null);
            } catch (Throwable thrown) {
                done.completeExceptionally(thrown);
            }
        });
        try {
            done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException failed) {
            throw new AssertionError("on the loop", failed);
        }
    }

    @Override
    public void close() {
        loop.stop();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
        assertThat(thread.isAlive()).as("the loop has ended").isFalse();
        assertThat(failure.get()).as("what ended the loop").isNull();
        EngineStats stats = engine().stats();
        assertThat(stats.staleCompletions()).isZero();
        assertThat(stats.unexpectedErrnos()).isZero();
    }
}
