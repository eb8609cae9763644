package io.hotpath.bench.load;

import io.hotpath.engine.Connection;
import io.hotpath.engine.Engine;

/** Sends and expects nothing back. A message counts when the kernel has taken all of it. */
final class Sink extends Client {
    private final Payload payload;
    private final int messageBytes;
    private final int inFlight;
    private int outstanding;

    Sink(Engine engine, Tally tally, TurnClock clock, Payload payload, int messageBytes, int inFlight) {
        super(engine, tally, clock);
        this.payload = payload;
        this.messageBytes = messageBytes;
        this.inFlight = inFlight;
    }

    @Override
    void begin() {
        while (outstanding < inFlight) {
            push();
        }
    }

    private void push() {
        outstanding++;
        connection().sendInPlace(payload.slice(0, messageBytes), 0);
    }

    @Override
    public void received(Connection from, long lease, int length) {
        engine.leases().release(lease);
        tally.fail("a server that is to read only has answered with " + length + " bytes");
    }

    @Override
    public void sent(Connection from, long token, long bytes, int errno) {
        outstanding--;
        if (errno != 0) {
            super.sent(from, token, bytes, errno);
            return;
        }
        tally.completed(1, bytes);
        if (!tally.ending()) {
            push();
        }
    }

    @Override
    boolean quiet() {
        return outstanding == 0;
    }
}
