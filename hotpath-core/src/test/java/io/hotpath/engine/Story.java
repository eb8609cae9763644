package io.hotpath.engine;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import io.hotpath.kernel.sim.SimPeer;
import io.hotpath.kernel.sim.SimPeerListener;
import io.hotpath.kernel.sim.SimRing;
import io.hotpath.ring.KernelLadder;
import io.hotpath.ring.UserData;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Random peers and random handlers on a simulated kernel on a bad day, by {@link StoryStep}s. After each step {@link Invariants}
 * hold; once the faults are over everything comes to its end within a bounded time.
 */
final class Story {
    private static final int PEERS_MAX = 8;
    private static final int LISTENERS_MAX = 3;
    private static final int SERVER_PORT = 9009;
    private static final int STALE_MAX = 16;

    /** Rings that may die; an engine gives up after eight within a minute. */
    private static final int DEATHS_MAX = 6;

    /** In virtual time. A pause after EMFILE is a second, and so is a connect without an answer. */
    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private static final int PATIENCE_TURNS = 20_000;

    /** Thousands of refused rings would fill the log. The reference keeps the level. */
    private static final Logger LOGGER = Logger.getLogger(KernelLadder.class.getPackageName());

    static {
        LOGGER.setLevel(Level.SEVERE);
    }

    final SimKernel kernel;
    private final Bed bed;
    private final long seed;
    private final SplittableRandom random;
    private final Invariants invariants;
    private final List<Talk> talks = new ArrayList<>();
    private final List<StoryPeer> peers = new ArrayList<>();
    private final List<Listener> listeners = new ArrayList<>();
    private final ArrayDeque<Long> stale = new ArrayDeque<>();
    private final SimPeerListener server;
    private final SimFaults faults;
    private final boolean requiresCredit;
    private final boolean fewDescriptors;

    /** No failover, orderly ones, or rings that die as well. */
    private final boolean failovers;
    private final boolean deadly;

    private long credit;
    private int deaths;
    private boolean died;

    Story(long seed) {
        this.seed = seed;
        random = new SplittableRandom(~seed);
        faults = someFaults();
        kernel = SimKernel.create(seed, faults);
        if (random.nextInt(3) == 0) {
            kernel.cqEntriesMax(4 << random.nextInt(4));
        }
        failovers = random.nextInt(3) != 0;
        deadly = failovers && random.nextBoolean();
        fewDescriptors = !failovers && random.nextBoolean(); // a new ring needs one
        bed = Bed.steps(kernel, config(), kernel, new TamperedKernel(kernel));
        listeners.add(bed.listener);
        server = kernel.listenPeer(SERVER_PORT);
        requiresCredit = random.nextInt(3) == 0;
        if (requiresCredit) {
            bed.engine.requireCredit();
        }
        invariants = new Invariants(bed);
        bed.reports.onAccepted = this::accepted;
    }

    private SimFaults someFaults() {
        SimFaults some = random.nextInt(4) == 0 ? SimFaults.none() : SimFaults.mild();
        some = random.nextInt(4) == 0 ? some.withShortWaitAll(0.2) : some;
        return random.nextInt(4) == 0 ? some.withSlowCompletion(0.05, 1 + random.nextInt(50)) : some;
    }

    private EngineConfig config() {
        int bufferBytes = 64 << random.nextInt(5);
        return EngineConfig.DEFAULT
                .withEntries(4 << random.nextInt(5))
                .withBuffers(1 << random.nextInt(6), bufferBytes)
                .withCopyBytesMax((long) bufferBytes * (16 << random.nextInt(4)))
                .withLeaseQuota(random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(12))
                .withOutbound(1 << random.nextInt(6, 14), 1 << random.nextInt(10, 20))
                .withAcceptWaitMax(1 + random.nextInt(4))
                .withConnectionsMax(random.nextInt(8) == 0 ? 1 + random.nextInt(4) : 100)
                .withCloseTimeout(Duration.ofMillis(1 + random.nextInt(200)), Duration.ofMillis(random.nextInt(50)));
    }

    /** Tells it, and checks that it ends well. */
    EngineStats tell(List<StoryStep> steps) {
        try (bed) {
            for (StoryStep step : steps) {
                take(step);
                check();
            }
            end();
            talks.forEach(Talk::checkEnd);
            checkLosses();
            bed.assertNothingLeft();
            check();
            return bed.engine.stats();
        }
    }

    // ---- who is there -------------------------------------------------------------------------------------------

    /** A talk that began; there is one when a handler runs. */
    Talk anyTalk(int who) {
        return talks.get(who % talks.size());
    }

    void stale(long lease) {
        stale.add(lease);
        if (stale.size() > STALE_MAX) {
            stale.remove();
        }
    }

    private void accepted(Side side) {
        Talk talk = talk(side);
        for (StoryPeer peer : peers) {
            if (peer.talk == null && kernel.descriptorOf(peer.peer) == side.connection.fd) {
                talk.meet(peer);
                talk.begin();
                return;
            }
        }
        throw new AssertionError("accepted nobody: " + side.connection);
    }

    private Talk talk(Side side) {
        Talk talk = new Talk(this, side, seed * 1_000 + talks.size());
        talks.add(talk);
        return talk;
    }

    private StoryPeer peer(SimPeer peer) {
        StoryPeer added = new StoryPeer(peer, seed * 1_000 + 500 + peers.size());
        peers.add(added);
        return added;
    }

    /** Whoever has connected to the server is the other end of one of ours. */
    private void meetConnected() {
        for (SimPeer peer = server.poll(); peer != null; peer = server.poll()) {
            StoryPeer added = peer(peer);
            int fd = kernel.descriptorOf(peer);
            talks.stream().filter(talk -> talk.peer == null && talk.side.connection.fd == fd).findFirst()
                    .ifPresent(talk -> talk.meet(added));
        }
    }

    // ---- steps --------------------------------------------------------------------------------------------------

    private void turns(int count) {
        for (int i = 0; i < count; i++) {
            bed.turn();
            meetConnected();
            peers.forEach(StoryPeer::read);
        }
    }

    private void check() {
        invariants.check(talks, stale);
        if (requiresCredit) {
            long reports = bed.reports.sides.size() + talks.stream().mapToLong(Talk::reports).sum();
            Invariants.require(reports <= credit, () -> reports + " reports for a credit of " + credit);
        }
    }

    private void take(StoryStep step) {
        switch (step.action()) {
            case TURN -> {
                for (int i = step.amount() % 3; i >= 0; i--) {
                    turns(1);
                    check();
                }
            }
            case CONNECT -> connect(step.who());
            case CONNECT_OUT -> connectOut(step.amount() % 5 == 0 ? 1 : SERVER_PORT);
            case SERVER_SILENT -> server.silent(true);
            case SERVER_ANSWERS -> server.silent(false);
            case CREDIT -> credit(1 + step.amount() % 7);
            case LISTEN -> listen();
            case LISTENER_CLOSES -> listener(step).close();
            case LISTENER_PAUSES -> listener(step).pause();
            case LISTENER_RESUMES -> listener(step).resume();
            case FEW_DESCRIPTORS -> {
                if (fewDescriptors) {
                    kernel.descriptorLimit(3 + kernel.openDescriptors() + step.amount() % 3);
                }
            }
            case MANY_DESCRIPTORS -> kernel.descriptorLimit(1 << 20);
            case FAULTS -> kernel.faults(faults);
            case NO_FAULTS -> kernel.faults(SimFaults.none());
            case FAILOVER, RING_DIES, LOSE_ACCEPT, LOSE_RECV, LOSE_SEND, REFUSE_RING -> failOver(step);
            case PEER_SENDS, PEER_STALLS, PEER_RESUMES, PEER_FINISHES, PEER_RESETS -> {
                if (!peers.isEmpty()) {
                    act(peers.get(step.who() % peers.size()), step);
                }
            }
            case RELEASE, SEND_HELD, SEND_HEAP, SEND_IN_PLACE, SEND_NOW, REQUEST, START, PAUSE, SHUT_DOWN_OUTPUT, CLOSE,
                    RESET -> {
                if (!talks.isEmpty()) {
                    act(anyTalk(step.who()), step);
                }
            }
        }
    }

    private void connect(int who) {
        Listener to = listeners.get(who % listeners.size());
        if (peers.size() < PEERS_MAX && !to.closed()) {
            peer(kernel.connect(to.address()));
        }
    }

    private void connectOut(int port) {
        if (talks.size() < PEERS_MAX && bed.engine.connections() < bed.engine.config().connectionsMax()) {
            try {
                Talk talk = talk(bed.connectOut(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
                talk.begin();
            } catch (EngineException full) {
                Invariants.require(full.errno() == Errno.EMFILE && fewDescriptors, full::getMessage);
            }
        }
    }

    private void listen() {
        if (listeners.size() < LISTENERS_MAX && kernel.openDescriptors() < (fewDescriptors ? 0 : Integer.MAX_VALUE)) {
            listeners.add(bed.listen(Bed.PORT + listeners.size()));
        }
    }

    private Listener listener(StoryStep step) {
        return listeners.get(step.who() % listeners.size());
    }

    private void credit(long n) {
        if (requiresCredit) {
            credit = credit + n < 0 ? Long.MAX_VALUE : credit + n;
            bed.engine.request(n);
        }
    }

    private static void act(StoryPeer peer, StoryStep step) {
        switch (step.action()) {
            case PEER_STALLS -> peer.stall();
            case PEER_RESUMES -> peer.resume(1 + 2 * step.amount());
            case PEER_FINISHES -> peer.finish();
            case PEER_RESETS -> peer.reset();
            default -> peer.send(step.who() % 3 == 0 ? step.amount() : step.amount() % 100);
        }
    }

    private static void act(Talk talk, StoryStep step) {
        Connection c = talk.side.connection;
        switch (step.action()) {
            case RELEASE -> talk.release(1 + step.amount() % 4);
            case SEND_HELD -> talk.sendHeld();
            case SEND_IN_PLACE -> talk.sendInPlace(step.amount());
            case SEND_NOW -> c.sendNow();
            case REQUEST -> talk.request(1 + step.amount() % 3);
            case START -> c.start(step.amount() % 2 == 0);
            case PAUSE -> talk.pause();
            case SHUT_DOWN_OUTPUT -> c.shutdownOutput();
            case CLOSE -> talk.close();
            case RESET -> talk.reset();
            default -> talk.sendHeap(step.who() % 3 == 0 ? step.amount() : step.amount() % 100);
        }
    }

    private void failOver(StoryStep step) {
        boolean death = step.action() != StoryStep.Action.FAILOVER && step.action() != StoryStep.Action.REFUSE_RING;
        if (!failovers || (death && (!deadly || deaths == DEATHS_MAX))) {
            return;
        }
        deaths += death ? 1 : 0;
        SimRing ring = kernel.ring();
        switch (step.action()) {
            case RING_DIES -> {
                died = true;
                ring.die(Errno.EBADF);
            }
            case LOSE_ACCEPT -> ring.loseNextCompletion(Abi.IORING_OP_ACCEPT);
            case LOSE_RECV -> ring.loseNextCompletion(Abi.IORING_OP_RECV);
            case LOSE_SEND -> ring.loseNextCompletion(
                    step.amount() % 2 == 0 ? Abi.IORING_OP_SEND : Abi.IORING_OP_SENDMSG);
            case REFUSE_RING -> kernel.refuseRings(1); // the other kernel takes over
            default -> bed.engine.forceUnhealthy();
        }
    }

    // ---- the end ------------------------------------------------------------------------------------------------

    private void end() {
        kernel.faults(SimFaults.none());
        kernel.ring().loseNothing();
        kernel.descriptorLimit(1 << 20);
        server.silent(false);
        credit(Long.MAX_VALUE);
        listeners.forEach(Listener::resume);
        long start = kernel.nanoTime();
        until(start, "everybody is connected or knows better", () -> peers.stream().allMatch(this::isServed)
                && talks.stream().allMatch(talk -> talk.peer != null || talk.side.closed()));
        peers.forEach(peer -> peer.resume(Integer.MAX_VALUE));
        peers.forEach(StoryPeer::finish);
        boolean closes = random.nextBoolean();
        List.copyOf(talks).forEach(talk -> talk.wantAll(closes));
        until(start, "everybody is closed", () -> {
            talks.stream().filter(talk -> talk.side.inputEnds > 0).forEach(talk -> talk.side.connection.close());
            return talks.stream().allMatch(talk -> talk.side.closed());
        });
        peers.forEach(StoryPeer::read);
    }

    /** Nobody knows the client of an accept that was lost: its descriptor stays open. */
    private boolean isServed(StoryPeer peer) {
        int fd = kernel.descriptorOf(peer.peer);
        boolean over = peer.peer.sawReset() && fd < 0 && !kernel.inBacklog(peer.peer);
        return peer.talk != null || peer.peer.refused() || over || isLost(fd);
    }

    private boolean isLost(int fd) {
        return fd >= 0 && kernel.lostCompletions().stream().anyMatch(
                completion -> completion.opcode() == Abi.IORING_OP_ACCEPT && completion.result() == fd);
    }

    private void until(long start, String what, BooleanSupplier condition) {
        for (int i = 0; !condition.getAsBoolean(); i++) {
            Invariants.require(i < PATIENCE_TURNS && kernel.nanoTime() - start < PATIENCE_NANOS,
                    () -> "never happened: " + what + "; " + bed.engine.stats() + "; " + kernel);
            turns(1);
            check();
        }
    }

    /** Where completions got lost and no buffer with them, nobody else is reset. */
    private void checkLosses() {
        Set<Long> lost = new HashSet<>();
        boolean buffers = died;
        for (SimRing.Completion completion : kernel.lostCompletions()) {
            buffers |= (completion.flags() & Abi.IORING_CQE_F_BUFFER) != 0;
            lost.add(UserData.of(0, UserData.generation(completion.userData()), UserData.slot(completion.userData())));
        }
        for (Talk talk : talks) {
            Connection c = talk.side.connection;
            boolean mayBe = buffers || lost.contains(UserData.of(0, c.generation, c.slot));
            Invariants.require(!talk.lost() || mayBe, () -> c + " was reset for a loss that was not its own");
        }
    }
}
