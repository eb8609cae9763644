package io.hotpath.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Everything that a listener of the engine under test reports, one {@link Side} per connection. */
final class Reports implements ListenerHandler {
    final List<Side> sides = new ArrayList<>();
    final List<Throwable> failures = new ArrayList<>();
    int listenersClosed;
    int listenerErrno = -1;

    /** What to do with each accepted connection. */
    Consumer<Side> onAccepted = side -> {
        side.connection.start(false);
        side.connection.request(Long.MAX_VALUE);
    };

    Consumer<Connection> onConnection = connection -> {
        Side side = new Side(this, connection);
        sides.add(side);
        onAccepted.accept(side);
    };

    private boolean reporting;

    @Override
    public void accepted(Connection connection) {
        one(() -> onConnection.accept(connection));
    }

    @Override
    public void listenerClosed(Listener listener, int errno) {
        one(() -> {
            listenersClosed++;
            listenerErrno = errno;
        });
    }

    /** Reports that need credit. */
    int count() {
        return sides.stream().mapToInt(side -> 1 + side.receives + side.sent.size() + side.closes).sum();
    }

    /** Runs the body of one report; another one inside of it is a failure, and so is whatever it throws. */
    void one(Runnable report) {
        check(!reporting, "reports are never nested");
        reporting = true;
        try {
            report.run();
        } catch (RuntimeException | Error thrown) {
            failures.add(thrown);
            throw thrown;
        } finally {
            reporting = false;
        }
    }

    void check(boolean holds, String what) {
        if (!holds) {
            AssertionError failure = new AssertionError("violated: " + what);
            failures.add(failure);
            throw failure;
        }
    }
}
