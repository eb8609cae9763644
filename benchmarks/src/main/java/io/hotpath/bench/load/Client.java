package io.hotpath.bench.load;

import io.hotpath.Errno;
import io.hotpath.engine.Connection;
import io.hotpath.engine.ConnectionHandler;
import io.hotpath.engine.Engine;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** One connection of the generator, or a row of them where each lasts for one message. Generator's thread. */
abstract class Client implements ConnectionHandler {
    final Engine engine;
    final Tally tally;
    final TurnClock clock;
    private @Nullable Connection connection;
    private boolean connected;

    Client(Engine engine, Tally tally, TurnClock clock) {
        this.engine = engine;
        this.tally = tally;
        this.clock = clock;
    }

    /** Begins to connect. */
    void open(InetSocketAddress server) {
        starts(engine.connect(server, Long.MAX_VALUE, this));
    }

    /** Receives on {@code opened} as soon as it is connected. */
    final void starts(Connection opened) {
        connection = opened;
        opened.returnsAtOnce();
        opened.start(false);
        opened.request(Long.MAX_VALUE);
    }

    /** All connections stand: the load begins. */
    abstract void begin();

    /** Whether nothing is owed by the server. */
    abstract boolean quiet();

    /** Closes in order what is open. */
    void end() {
        if (connection != null) {
            connection.close();
        }
    }

    /** Whether it is ready for {@link #begin}. */
    boolean ready() {
        return connected;
    }

    final Connection connection() {
        Connection open = connection;
        if (open == null) {
            throw new IllegalStateException("not opened");
        }
        return open;
    }

    @Override
    public void connected(Connection opened) {
        connected = true;
    }

    @Override
    public void inputEnded(Connection ended) {
        unlessEnding("the server has closed a connection");
    }

    @Override
    public void sent(Connection from, long token, long bytes, int errno) {
        if (errno != 0) {
            unlessEnding("a send failed with " + Errno.text(errno));
        }
    }

    @Override
    public void closed(Connection was, int errno) {
        unlessEnding("a connection was closed: " + Errno.text(errno));
    }

    private void unlessEnding(String failure) {
        if (!tally.ending()) {
            tally.fail(failure);
        }
    }
}
