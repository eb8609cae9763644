package io.hotpath.engine;

import io.hotpath.kernel.sim.SimRing;
import io.hotpath.ring.UserData;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What holds between any two steps of a {@link Story}, whatever happened. */
final class Invariants {
    private static final int UNSEEN = -1;

    private final Bed bed;
    private final Engine engine;
    private final int mainCount;
    private final int ringCount;
    private final int[] seen;

    /** Who had a slot last. */
    private final Map<Integer, Connection> slots = new HashMap<>();

    Invariants(Bed bed) {
        this.bed = bed;
        engine = bed.engine;
        mainCount = engine.config().buffers();
        ringCount = mainCount + engine.config().reserveBuffers();
        seen = new int[ringCount + engine.config().copyBuffers()];
    }

    static void require(boolean holds, Supplier<String> what) {
        if (!holds) {
            throw new AssertionError(what.get());
        }
    }

    void check(List<Talk> talks, Iterable<Long> stale) {
        require(bed.sim().counters().overlappingSends() == 0, () -> "two sends of one connection in flight");
        require(engine.counters.staleCompletions == 0, () -> "a completion without an owner");
        require(engine.counters.unexpectedErrnos == 0, () -> "an errno that only a mistake of ours can cause");
        for (long lease : stale) {
            require(!engine.leases().held(lease), () -> "a lease that was given back is held again");
        }
        SimRing ring = bed.sim().ring();
        checkSlots();
        checkBuffers(ring, talks);
        if (engine.ring().taken(engine.ring().prepared())) { // what was not submitted is not on the ring
            checkFlights(ring);
        }
    }

    private void checkSlots() {
        engine.forEachConnection(c -> {
            require(!c.closeReported, () -> c + " is closed and has its slot");
            Connection before = slots.put(c.slot, c);
            require(before == null || before == c || c.generation - before.generation > 0,
                    () -> c + " follows " + before + " in its slot");
        });
    }

    // ---- each buffer has one owner --------------------------------------------------------------------------------

    private void checkBuffers(SimRing ring, List<Talk> talks) {
        Arrays.fill(seen, UNSEEN);
        ring.buffersOffered(EngineConfig.MAIN_GROUP).forEach(this::kernels);
        ring.buffersOffered(EngineConfig.RESERVE_GROUP).forEach(this::kernels);
        ring.buffersUnderWay().forEach(this::kernels);
        for (Talk talk : talks) {
            talk.side.held.forEach(lease -> owned(BufferOwners.buffer(lease), BufferOwners.APPLICATION));
        }
        engine.forEachConnection(this::engines);
        int published = (int) Arrays.stream(seen, 0, mainCount).filter(owner -> owner == BufferOwners.KERNEL).count();
        require(published == engine.leases().mainFree(), () -> published + " buffers are with the kernel, counted as "
                + engine.leases().mainFree());
        int main = 0;
        int reserve = 0;
        for (int buffer = 0; buffer < seen.length; buffer++) {
            int owner = engine.leases().owner(buffer);
            boolean unpublished = owner == BufferOwners.KERNEL && buffer < ringCount;
            boolean free = owner == BufferOwners.FREE && buffer >= ringCount;
            int id = buffer;
            require(seen[buffer] != UNSEEN || unpublished || free,
                    () -> "buffer " + id + " belongs to owner " + owner + " and is not there");
            main += unpublished && buffer < mainCount ? 1 : 0;
            reserve += unpublished && buffer >= mainCount ? 1 : 0;
        }
        int kernels = main;
        int kernelsReserve = reserve;
        require(main == engine.leases().mainAvailable() && reserve == engine.leases().reserveAvailable(),
                () -> "the kernel owns " + kernels + " and " + kernelsReserve + " buffers, counted as "
                        + engine.leases().mainAvailable() + " and " + engine.leases().reserveAvailable());
    }

    private void kernels(int buffer) {
        owned(buffer, BufferOwners.KERNEL);
    }

    private void engines(Connection c) {
        for (int buffer = c.parkedFirst; buffer >= 0; buffer = engine.leases().next(buffer)) {
            owned(buffer, BufferOwners.ENGINE);
        }
        for (Outbound piece = c.outFirst; piece != null; piece = piece.next) {
            if (piece.buffer >= 0) {
                owned(piece.buffer, BufferOwners.ENGINE);
            }
        }
    }

    private void owned(int buffer, int owner) {
        require(seen[buffer] == UNSEEN,
                () -> "buffer " + buffer + " is with owner " + owner + " and with owner " + seen[buffer]);
        require(engine.leases().owner(buffer) == owner,
                () -> "buffer " + buffer + " is with owner " + owner + ", and known to be with "
                        + engine.leases().owner(buffer));
        seen[buffer] = owner;
    }

    // ---- what is in flight is known, and nothing comes after an operation's last completion --------------------------

    private void checkFlights(SimRing ring) {
        List<Long> unfinished = ring.unfinished();
        require(unfinished.size() == engine.ring().inFlight(), () -> unfinished.size()
                + " operations are unfinished, the ring counts " + engine.ring().inFlight());
        Map<Integer, Integer> flights = new HashMap<>();
        for (int i = 0; i < unfinished.size(); i++) {
            long userData = unfinished.get(i);
            int op = UserData.op(userData);
            if (op != Ops.CANCEL && op != Ops.ACCEPT && op != Ops.WAKE) {
                Connection c = slots.get(UserData.slot(userData));
                boolean known = c != null && c.state != Connection.CLOSED
                        && (c.generation & UserData.GENERATION_MASK) == UserData.generation(userData);
                require(known, () -> "operation " + op + " of slot " + UserData.slot(userData)
                        + " is unfinished, its connection is over");
                require(op == Ops.WATCH || unfinished.indexOf(userData) == i,
                        () -> "operation " + op + " of " + c + " is in flight twice");
                flights.merge(c.slot, 1, Integer::sum);
            }
        }
        engine.forEachConnection(c -> require(flights.getOrDefault(c.slot, 0) == c.inFlight, () -> c + " counts "
                + c.inFlight + " in flight, " + flights.getOrDefault(c.slot, 0) + " are"));
    }
}
