package io.hotpath.engine;

/**
 * What happens when ring buffers are short: what the engine itself holds in them, parked or in a send that its peer does not
 * read, moves to copy memory. When that is short too a connection with a blocked send receives no more, and at last some are
 * ended. Loop thread.
 */
final class Relief {
    private static final int SWEEP_MIN = 256;

    /** Copy memory is short when less than this part of it is free. */
    private static final int COPIES_FEW_DIVISOR = 8;

    private final Engine engine;
    private final Leases leases;
    private final Parked parked;
    private final Sender sender;

    /** Who held ring buffers, parked or in a send; looked through when these are short. */
    private final ConnectionQueue holders = new ConnectionQueue();

    private final LastResort lastResort;
    private final int copiesFew;
    private final ConnectionQueue.Step relieveStep = this::relieve;
    private final ConnectionQueue.Step sweepStep = this::keepUnlessClosed;

    Relief(Engine engine, EngineConfig config) {
        this.engine = engine;
        leases = engine.leases();
        parked = engine.parked;
        sender = engine.sender;
        lastResort = new LastResort(engine);
        copiesFew = config.copyBuffers() / COPIES_FEW_DIVISOR;
    }

    /** {@code c} has received bytes that the engine holds in ring buffers. */
    void holds(Connection c) {
        if (!c.inHolders) {
            c.inHolders = true;
            holders.add(c);
            if (holders.size() > 2 * engine.connections() + SWEEP_MIN) {
                holders.drain(sweepStep);
            }
        }
    }

    /** Once per turn. */
    void relieve() {
        if (leases.scarce() && (parked.holdsRingBuffers() || sender.holdsRingBuffers())) {
            holders.drain(relieveStep);
            lastResort.check();
        }
    }

    /** Copy memory is short too: whoever waits for its peer to read takes no more in. */
    boolean copiesShort() {
        return leases.copiesFree() < copiesFew;
    }

    private void relieve(Connection c) {
        c.inHolders = false;
        boolean parkedThere = parked.copyOut(c);
        boolean sendingThere = sender.interruptBlocked(c);
        if (parkedThere || sendingThere) {
            c.inHolders = true;
            holders.add(c);
        }
    }

    private void keepUnlessClosed(Connection c) {
        if (c.state == Connection.CLOSED) {
            c.inHolders = false;
        } else {
            holders.add(c);
        }
    }
}
