package io.hotpath.reactor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The running {@code send(Publisher)} calls of a connection, found by the token of their sends. Loop thread. */
final class Outbounds {
    private @Nullable List<SendSubscriber> running;
    private long lastToken;
    private boolean closed;
    private int closeErrno;

    /** Returns the token for its sends; if the connection is closed already it is told at once. */
    long add(SendSubscriber outbound) {
        if (closed) {
            outbound.connectionClosed(closeErrno);
        } else {
            List<SendSubscriber> all = running;
            if (all == null) {
                all = new ArrayList<>(1);
                running = all;
            }
            all.add(outbound);
        }
        return ++lastToken;
    }

    void remove(SendSubscriber outbound) {
        List<SendSubscriber> all = running;
        if (all != null) {
            all.remove(outbound);
        }
    }

    /** Whether everything that publishers gave has gone out. */
    boolean idle() {
        List<SendSubscriber> all = running;
        return all == null || all.stream().allMatch(SendSubscriber::idle);
    }

    void sent(long token, long bytes, int errno) {
        List<SendSubscriber> all = running;
        for (int i = 0; all != null && i < all.size(); i++) {
            if (all.get(i).owns(token)) {
                all.get(i).sent(token, bytes, errno);
                return;
            }
        }
    }

    void closed(int errno) {
        closed = true;
        closeErrno = errno;
        List<SendSubscriber> all = running;
        running = null;
        if (all != null) {
            all.forEach(outbound -> outbound.connectionClosed(errno));
        }
    }
}
