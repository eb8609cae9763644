package io.hotpath.engine;

import org.jspecify.annotations.Nullable;

/** Spare {@link Outbound} nodes, so that sending allocates nothing. */
final class OutboundPool {
    private static final int POOL_MAX = 1 << 14;

    private @Nullable Outbound spare;
    private int count;

    Outbound take(long address, int length, int buffer, long token) {
        Outbound node = spare;
        if (node == null) {
            node = new Outbound();
        } else {
            spare = node.next;
            count--;
        }
        node.address = address;
        node.length = length;
        node.buffer = buffer;
        node.token = token;
        node.end = false;
        node.callBytes = 0;
        node.errno = 0;
        node.next = null;
        return node;
    }

    void give(Outbound node) {
        node.pin = null;
        if (count < POOL_MAX) {
            node.next = spare;
            spare = node;
            count++;
        }
    }
}
