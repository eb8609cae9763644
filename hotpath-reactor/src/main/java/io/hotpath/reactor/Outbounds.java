package io.hotpath.reactor;

import java.util.ArrayList;
import java.util.List;

/** The running {@code send(Publisher)} calls of a connection, found by the token of their sends. Loop thread. */
final class Outbounds {
    private static final List<SendSubscriber> NONE = List.of();

    private List<SendSubscriber> running = NONE;
    private long lastToken;
    private boolean closed;
    private int closeErrno;

    /** Returns the token for its sends; if the connection is closed already it is told at once. */
    long add(SendSubscriber outbound) {
        if (closed) {
            outbound.connectionClosed(closeErrno);
        } else {
            if (running == NONE) {
                running = new ArrayList<>(1);
            }
            running.add(outbound);
        }
        return ++lastToken;
    }

    void remove(SendSubscriber outbound) {
        running.remove(outbound);
    }

    void sent(long token, int errno) {
        for (SendSubscriber outbound : running) {
            if (outbound.token() == token) {
                outbound.sent(errno);
                return;
            }
        }
    }

    void closed(int errno) {
        closed = true;
        closeErrno = errno;
        List<SendSubscriber> all = running;
        running = NONE;
        for (SendSubscriber outbound : all) {
            outbound.connectionClosed(errno);
        }
    }
}
