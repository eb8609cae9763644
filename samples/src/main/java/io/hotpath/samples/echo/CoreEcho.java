package io.hotpath.samples.echo;

import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.ListenAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** The same echo on the engine itself, without Reactor. */
final class CoreEcho implements EchoServer {
    private static final ConnectionHandler ECHO = new ConnectionHandler() {
        @Override
        public void received(Connection connection, long lease, int length) {
            connection.send(lease, 0);
        }

        @Override
        public void closed(Connection connection, int errno) {}
    };

    private final EchoOptions options;
    private final List<EngineLoop> loops = new ArrayList<>();
    private final List<Engine> engines = new ArrayList<>();
    private final CompletableFuture<Void> failure = new CompletableFuture<>();
    private @Nullable ListenAddress sockets;

    CoreEcho(EchoOptions options) {
        this.options = options;
    }

    @Override
    public InetSocketAddress start() throws Exception {
        for (int i = 0; i < options.loops(); i++) {
            int index = i;
            CompletableFuture<Engine> ready = new CompletableFuture<>();
            EngineLoop loop = new EngineLoop(
                    EngineConfig.DEFAULT,
                    engine -> {
                        listen(engine, index);
                        ready.complete(engine);
                    },
                    cause -> {
                        if (cause != null) {
                            ready.completeExceptionally(cause);
                            failure.completeExceptionally(cause);
                        }
                    });
            new Thread(loop, "echo-" + i).start();
            engines.add(ready.get());
            loops.add(loop);
        }
        return (InetSocketAddress) sockets().address();
    }

    private void listen(Engine engine, int index) {
        try {
            if (sockets == null) {
                InetSocketAddress address = new InetSocketAddress("0.0.0.0", options.port());
                sockets = ListenAddress.bind(engine, address, 1024, options.loops());
            }
            engine.listen(sockets(), index, connection -> {
                connection.adopt(ECHO);
                connection.start(true);
                connection.request(Long.MAX_VALUE);
            });
        } catch (IOException refused) {
            throw new UncheckedIOException(refused.getMessage(), refused);
        }
    }

    private ListenAddress sockets() {
        return Objects.requireNonNull(sockets);
    }

    @Override
    public void failover() {
        try {
            engines.forEach(Engine::forceUnhealthy);
        } catch (RejectedExecutionException stopped) {
            // it is ending
        }
    }

    @Override
    public CompletableFuture<Void> failure() {
        return failure;
    }

    @Override
    public String stop() {
        for (EngineLoop loop : loops) {
            loop.stop();
            try {
                loop.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        List<EngineStats> stats = engines.stream().map(Engine::stats).toList();
        return EchoServer.closingLine(stats);
    }
}
