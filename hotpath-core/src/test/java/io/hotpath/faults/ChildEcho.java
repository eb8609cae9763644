package io.hotpath.faults;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import io.hotpath.engine.EngineLoop;
import io.hotpath.engine.EngineStats;
import io.hotpath.engine.ListenAddress;
import io.hotpath.kernel.Abi;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.LongAdder;

/** An echo on one loop. */
final class ChildEcho {
    /** As the system sees the thread, which is what finds it in {@code /proc}. */
    static final String LOOP_NAME = "child-loop";

    /** The first byte of a connection that a reluctant echo does not read. */
    static final byte DRIP = 'd';

    private static final int FICKLE_RECEIVES_MAX = 4;

    private final ChildOptions options;
    private final EngineLoop loop;
    private final CompletableFuture<Engine> opened = new CompletableFuture<>();
    private final CompletableFuture<Integer> bound = new CompletableFuture<>();
    private final SplittableRandom random = new SplittableRandom(64);

    /** Loop thread. */
    private final List<Connection> connections = new ArrayList<>();

    /** Loop thread. */
    private final List<Connection> drips = new ArrayList<>();

    private final LongAdder closes = new LongAdder();

    /** Written by the loop thread: the last error that ended a connection. */
    private volatile int lastErrno;

    /** Written by the loop thread: of the connection that was accepted last. */
    private volatile int noDelay;

    private Thread thread;

    private ChildEcho(ChildOptions options) {
        this.options = options;
        loop = new EngineLoop(options.config(), engine -> {
            bound.complete(listen(engine));
            opened.complete(engine);
        }, failure -> {
            if (failure != null && !opened.completeExceptionally(failure)) {
                failure.printStackTrace(); // it served, and then it died
            }
        });
    }

    /** Throws what kept the engine from opening. */
    static ChildEcho open(ChildOptions options) throws Exception {
        ChildEcho echo = new ChildEcho(options);
        echo.thread = Thread.ofPlatform().name(LOOP_NAME).daemon().start(echo.loop);
        try {
            echo.opened.get();
            return echo;
        } catch (ExecutionException failed) {
            echo.thread.join();
            throw failed.getCause() instanceof Exception cause ? cause : failed;
        }
    }

    private int listen(Engine engine) {
        String address = options.address().equals("any") ? "0.0.0.0" : options.address();
        try {
            ListenAddress sockets = ListenAddress.bind(
                    engine, new InetSocketAddress(address, options.port()), options.backlog(), 1);
            engine.listen(sockets, 0, this::accepted);
            return ((InetSocketAddress) sockets.address()).getPort();
        } catch (IOException refused) {
            throw new UncheckedIOException(refused.getMessage(), refused);
        }
    }

    private void accepted(Connection connection) {
        noDelay = connection.option(Abi.IPPROTO_TCP, Abi.TCP_NODELAY);
        if (options.sendBytes() > 0) {
            connection.setOption(Abi.SOL_SOCKET, Abi.SO_SNDBUF, options.sendBytes());
        }
        if (options.userTimeout() > 0) {
            connection.setOption(Abi.IPPROTO_TCP, Abi.TCP_USER_TIMEOUT, options.userTimeout());
        }
        connections.add(connection);
        connection.adopt(new Echo());
        connection.start(true);
        connection.request(options.reluctant() ? 1 : Long.MAX_VALUE);
    }

    private final class Echo implements ConnectionHandler {
        private final int resetAt = options.fickle() ? 1 + random.nextInt(FICKLE_RECEIVES_MAX) : Integer.MAX_VALUE;
        private int receives;

        @Override
        public void received(Connection connection, long lease, int length) {
            boolean drips = options.reluctant() && connection.engine().leases().byteAt(lease, 0) == DRIP;
            connection.send(lease, 0);
            if (++receives == resetAt) {
                connection.reset();
            } else if (options.reluctant() && receives == 1) {
                decide(connection, drips);
            }
        }

        private void decide(Connection connection, boolean drip) {
            if (drip) {
                drips.add(connection);
            } else {
                connection.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void closed(Connection connection, int errno) {
            connections.remove(connection);
            lastErrno = errno == 0 ? lastErrno : errno;
            closes.increment();
        }
    }

    Engine engine() {
        return opened.join();
    }

    /** Demand for those that had none. Loop thread. */
    void resume() {
        drips.forEach(drip -> drip.request(Long.MAX_VALUE));
        drips.clear();
    }

    /** No demand for anybody, or all of it. Loop thread. */
    void demand(boolean all) {
        for (Connection connection : connections) {
            if (all) {
                connection.request(Long.MAX_VALUE);
            } else {
                connection.pause();
            }
        }
    }

    /** Every counter and gauge by its name, and what this class counts. */
    Answer stats() {
        EngineStats s = engine().stats();
        Answer answer = Answer.ok(
                "port", bound.join(), "closes", closes, "lastErrno", lastErrno == 0 ? "none" : Errno.name(lastErrno),
                "noDelay", noDelay, "leaks", ClosingAudit.leaks(s).replace(' ', ','), "idleLeaks",
                ClosingAudit.leaks(s, options.config().buffers()).replace(' ', ','));
        try {
            for (RecordComponent component : EngineStats.class.getRecordComponents()) {
                String value = String.valueOf(component.getAccessor().invoke(s));
                answer.values().put(component.getName(), value.replace(' ', '_'));
            }
        } catch (ReflectiveOperationException impossible) {
            throw new LinkageError(impossible.getMessage(), impossible);
        }
        return answer;
    }

    /** The counters after the end. */
    Answer close() throws InterruptedException {
        loop.stop();
        thread.join();
        return stats();
    }
}
