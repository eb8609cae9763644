package io.hotpath.bench.server;

import io.hotpath.bench.Workload;
import io.hotpath.bench.serving.HttpHeads;
import io.hotpath.bench.serving.HttpReplies;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.bench.serving.ServerProcess;
import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.ListenAddress;
import io.hotpath.engine.ListenerHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;

/** The engine itself, without Reactor. */
public final class CoreServer {
    private CoreServer() {}

    public static void main(String[] args) {
        ServerProcess.run(args, CoreServer::start);
    }

    private static RunningServer start(ServerOptions options) throws Exception {
        CompletableFuture<RunningServer> ready = new CompletableFuture<>();
        EngineLoop loop = new EngineLoop(
                Engines.config(options),
                engine -> ready.complete(listen(engine, options)),
                cause -> {
                    if (cause != null) {
                        ready.completeExceptionally(cause);
                    }
                });
        new Thread(loop, "core").start();
        return ready.get();
    }

    private static RunningServer listen(Engine engine, ServerOptions options) {
        try {
            ListenAddress sockets = ListenAddress.bind(engine, options.address(), ServerOptions.BACKLOG, 1);
            engine.listen(sockets, 0, acceptor(engine, options.workload()));
            int port = ((InetSocketAddress) sockets.address()).getPort();
            return new RunningServer(
                    port, Engines.facts("engine", engine.stats()), () -> Engines.counters(engine.stats()));
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    private static ListenerHandler acceptor(Engine engine, Workload workload) {
        return switch (workload) {
            case ECHO -> connection -> begin(connection, new Echo());
            case SINK -> connection -> {
                connection.returnsAtOnce();
                begin(connection, new Sink(engine));
            };
            case HTTP -> {
                byte[] piece = new byte[engine.config().bufferBytes()];
                yield connection -> {
                    connection.returnsAtOnce();
                    begin(connection, new Http(engine, piece));
                };
            }
        };
    }

    private static void begin(Connection connection, ConnectionHandler handler) {
        connection.adopt(handler);
        connection.start(true);
        connection.request(Long.MAX_VALUE);
    }

    private static class Echo implements ConnectionHandler {
        @Override
        public void received(Connection connection, long lease, int length) {
            connection.send(lease, 0);
        }

        @Override
        public void closed(Connection connection, int errno) {}
    }

    private static final class Sink extends Echo {
        private final Engine engine;

        Sink(Engine engine) {
            this.engine = engine;
        }

        @Override
        public void received(Connection connection, long lease, int length) {
            engine.leases().release(lease);
        }
    }

    private static final class Http extends Echo {
        private final Engine engine;
        private final byte[] piece;
        private final HttpHeads heads = new HttpHeads();

        Http(Engine engine, byte[] piece) {
            this.engine = engine;
            this.piece = piece;
        }

        @Override
        public void received(Connection connection, long lease, int length) {
            engine.leases().copy(lease, 0, piece, 0, length);
            engine.leases().release(lease);
            int requests = heads.count(piece, length);
            if (requests == HttpHeads.MALFORMED) {
                connection.reset();
                return;
            }
            if (requests > 0) {
                byte[] replies = HttpReplies.to(requests);
                connection.send(replies, 0, replies.length, 0);
            }
        }
    }
}
