package io.hotpath.engine;

import io.hotpath.Errno;
import io.hotpath.kernel.Sockets;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The listening sockets that share one port, in the kernel's order, and which of them leave: new clients are sent to the
 * others first, so that nobody is left in the backlog of a socket that closes. Any thread; only at the edges of life.
 */
final class ListenGroup {
    private static final LoopLog LOG = LoopLog.of(ListenGroup.class);

    private static final int NOBODY = -1;

    private final Sockets sockets;
    private final List<Integer> members = new ArrayList<>();
    private final Set<Integer> leaving = new HashSet<>();
    private boolean steered;
    private int closing = NOBODY;
    private int closes;

    ListenGroup(Sockets sockets) {
        this.sockets = sockets;
    }

    /** {@code fd} has begun to listen. */
    synchronized void joined(int fd) {
        members.add(fd);
        steer();
    }

    synchronized boolean isEmpty() {
        return members.isEmpty();
    }

    /** New clients go to others from now on, if there are any and the kernel can. Returns whether there are any. */
    synchronized boolean leave(int fd) {
        if (leaving.add(fd)) {
            steer();
        }
        return othersStay();
    }

    /** Closes {@code fd}; who waits in its backlog is reset. */
    synchronized void close(int fd) {
        int place = members.indexOf(fd);
        int last = members.removeLast();
        if (place < members.size()) {
            members.set(place, last); // as the kernel does
        }
        leaving.remove(fd);
        sockets.close(fd);
        closes++;
        closing = closing == fd ? NOBODY : closing;
        if (!members.isEmpty()) {
            steer();
        }
    }

    /** How many have closed. */
    synchronized int closes() {
        return closes;
    }

    /**
     * Whether {@code fd}, which leaves, may close without a client noticing. A close moves the places that the filter names,
     * and for a moment a client may be sent to another one that leaves. So that one goes on accepting: one closes at a time,
     * and whoever saw another close waits anew.
     *
     * @param closesBefore {@link #closes} when it began to wait
     */
    synchronized boolean mayClose(int fd, int closesBefore) {
        if (!othersStay()) {
            return true;
        }
        if (closes != closesBefore || closing != NOBODY) {
            return false;
        }
        closing = fd;
        return true;
    }

    private boolean othersStay() {
        return leaving.size() < members.size();
    }

    private void steer() {
        if (leaving.isEmpty()) {
            if (steered) {
                sockets.steer(members.getFirst());
                steered = false;
            }
            return;
        }
        int[] staying = staying();
        if (staying.length == 0) {
            return; // it is all over soon
        }
        int result = sockets.steer(members.getFirst(), staying);
        steered = result >= 0;
        if (result < 0) {
            LOG.log(Level.INFO, () -> "listener=leaves steering=refused because=" + Errno.name(-result)
                    + " effect=clients that connect while it closes may be reset");
        }
    }

    private int[] staying() {
        int[] places = new int[members.size()];
        int count = 0;
        for (int i = 0; i < members.size(); i++) {
            if (!leaving.contains(members.get(i))) {
                places[count++] = i;
            }
        }
        return Arrays.copyOf(places, count);
    }
}
