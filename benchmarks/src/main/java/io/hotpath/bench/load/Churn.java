package io.hotpath.bench.load;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Connects, has one message echoed, closes, and connects again. A message counts when it came back, its latency from before the
 * connect; the next connect waits until the server has closed too.
 */
final class Churn extends RoundTrips {
    /** Addresses of this side, so that ports of connections that have just ended need not be used again. */
    private static final List<InetSocketAddress> SOURCES =
            IntStream.range(0, 16).mapToObj(i -> new InetSocketAddress("127.0.0." + (i + 1), 0)).toList();

    private static final int IPPROTO_IP = 0;

    /** Leaves the choice of a port to the connect, which knows the server: {@code IP_BIND_ADDRESS_NO_PORT} of ip(7). */
    private static final int BIND_ADDRESS_NO_PORT = 24;

    private final InetSocketAddress server;
    private int source;
    private long openedNanos;
    private boolean open;

    Churn(Engine engine, Tally tally, TurnClock clock, Dialogue dialogue, InetSocketAddress server, int index) {
        super(engine, tally, clock, dialogue);
        this.server = server;
        source = index % SOURCES.size();
    }

    @Override
    void open(InetSocketAddress address) {
        // begins in begin()
    }

    @Override
    boolean ready() {
        return true;
    }

    @Override
    void begin() {
        try {
            connect();
        } catch (BindException refused) {
            tally.fail(String.valueOf(refused.getMessage()));
        }
    }

    private void connect() throws BindException {
        restart();
        openedNanos = clock.now();
        open = true;
        Connection connection = engine.socket(server, this);
        connection.setOption(IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1);
        connection.bind(SOURCES.get(source));
        source = (source + 1) % SOURCES.size();
        starts(connection);
        connection.connect(server, Long.MAX_VALUE);
    }

    @Override
    public void connected(Connection connection) {
        ask(1);
    }

    @Override
    void answered(int count, long now) {
        tally.latency(now - openedNanos);
        connection().close();
    }

    @Override
    public void inputEnded(Connection ended) {
        // it closes because this side has
    }

    @Override
    public void closed(Connection was, int errno) {
        open = false;
        if (errno != 0) {
            super.closed(was, errno);
        } else if (!tally.ending()) {
            begin();
        }
    }

    @Override
    boolean quiet() {
        return !open;
    }
}
