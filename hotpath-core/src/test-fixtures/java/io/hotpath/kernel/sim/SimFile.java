package io.hotpath.kernel.sim;

/**
 * What a descriptor names. The descriptor holds it, and so does every armed request: closing the descriptor alone
 * releases nothing that a request still uses.
 */
abstract sealed class SimFile permits SimEvent, SimSocket {
    private int holders;

    final void hold() {
        holders++;
    }

    final void drop() {
        holders--;
        assert holders >= 0 : this;
        if (holders == 0) {
            release();
        }
    }

    /** The {@code poll(2)} events that hold now. */
    abstract int pollMask();

    /** Changes with each event that would wake a poll. */
    abstract int pulse();

    /** The last holder is gone. */
    abstract void release();
}
