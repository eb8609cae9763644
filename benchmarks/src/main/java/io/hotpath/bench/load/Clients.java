package io.hotpath.bench.load;

import io.hotpath.engine.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.IntStream;

/** Makes the clients of a load. */
final class Clients {
    private static final long SEED = 1;

    private final Engine engine;
    private final Load load;
    private final InetSocketAddress server;
    private final Tally tally;
    private final TurnClock clock;
    private final Arena arena;
    private final int bufferBytes;
    private final Payload shared;
    private final MemorySegment requests;

    Clients(Engine engine, Load load, InetSocketAddress server, Tally tally, TurnClock clock, Arena arena) {
        this.engine = engine;
        this.load = load;
        this.server = server;
        this.tally = tally;
        this.clock = clock;
        this.arena = arena;
        bufferBytes = engine.config().bufferBytes();
        shared = payload(SEED);
        requests = HttpDialogue.requests(arena, load.inFlight());
    }

    List<Client> make() {
        return IntStream.range(0, load.connections()).mapToObj(this::client).toList();
    }

    private Client client(int index) {
        return switch (load.mode()) {
            case ECHO, HTTP -> load.ratePerSecond() > 0
                    ? new OpenLoop(engine, tally, clock, dialogue(index), index)
                    : new ClosedLoop(engine, tally, clock, dialogue(index), load.inFlight(), true);
            case IDLE -> new ClosedLoop(engine, tally, clock, dialogue(index), 1, false);
            case CHURN -> new Churn(engine, tally, clock, dialogue(index), server, index);
            case SINK -> new Sink(engine, tally, clock, shared, load.messageBytes(), load.inFlight());
        };
    }

    private Dialogue dialogue(int index) {
        if (load.mode() == Mode.HTTP) {
            return new HttpDialogue(requests, load.verify(), bufferBytes);
        }
        // another connection's bytes must not look right
        Payload payload = load.verify() ? payload(SEED + index) : shared;
        return new EchoDialogue(payload, load.messageBytes(), load.verify() ? bufferBytes : 0);
    }

    private Payload payload(long seed) {
        return new Payload(arena, seed, load.messageBytes(), load.inFlight());
    }
}
