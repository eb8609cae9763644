package io.hotpath.faults;

import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.ListenAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** An echo on one loop, port 0. */
final class ChildEcho {
    /** As the system sees the thread, which is what finds it in {@code /proc}. */
    static final String LOOP_NAME = "child-loop";

    private static final int BACKLOG = 64;

    private static final ConnectionHandler ECHO = new ConnectionHandler() {
        @Override
        public void received(Connection connection, long lease, int length) {
            connection.send(lease, 0);
        }

        @Override
        public void closed(Connection connection, int errno) {}
    };

    private final EngineLoop loop;
    private final Thread thread;
    private final Engine engine;
    private final int port;

    private ChildEcho(EngineLoop loop, Thread thread, Engine engine, int port) {
        this.loop = loop;
        this.thread = thread;
        this.engine = engine;
        this.port = port;
    }

    /** Throws what kept the engine from opening. */
    static ChildEcho open(EngineConfig config) throws Exception {
        CompletableFuture<Engine> opened = new CompletableFuture<>();
        CompletableFuture<Integer> bound = new CompletableFuture<>();
        EngineLoop loop = new EngineLoop(config, engine -> {
            bound.complete(listen(engine));
            opened.complete(engine);
        }, failure -> {
            if (failure != null) {
                opened.completeExceptionally(failure);
            }
        });
        Thread thread = Thread.ofPlatform().name(LOOP_NAME).daemon().start(loop);
        try {
            return new ChildEcho(loop, thread, opened.get(), bound.get());
        } catch (ExecutionException failed) {
            thread.join();
            throw failed.getCause() instanceof Exception cause ? cause : failed;
        }
    }

    private static int listen(Engine engine) {
        try {
            InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            ListenAddress sockets = ListenAddress.bind(engine, loopback, BACKLOG, 1);
            engine.listen(sockets, 0, connection -> {
                connection.adopt(ECHO);
                connection.start(true);
                connection.request(Long.MAX_VALUE);
            });
            return ((InetSocketAddress) sockets.address()).getPort();
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    Engine engine() {
        return engine;
    }

    Answer stats() {
        EngineStats s = engine.stats();
        return Answer.ok(
                "kernel", s.kernel(), "port", port, "turns", s.turns(), "enters", s.enters(), "accepted", s.accepted(),
                "connections", s.connections(), "bytesIn", s.bytesIn(), "bytesOut", s.bytesOut(), "leaks",
                ClosingAudit.leaks(s).replace(' ', ','));
    }

    /** The counters after the end. */
    Answer close() throws InterruptedException {
        loop.stop();
        thread.join();
        return stats();
    }
}
