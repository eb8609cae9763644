package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimRing;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Random peers and random handlers on a simulated kernel on a bad day. Whatever happens: no byte is lost, repeated or
 * anybody else's, every send call is reported, every connection closes once, every buffer comes home.
 *
 * <p>{@code -Dhotpath.seed=n} repeats one story, {@code -Dhotpath.seeds=n} tells more of them.
 */
class EngineRandomTest {
    private static final int SEEDS = Integer.getInteger("hotpath.seeds", 2_000);
    private static final int STEPS_MAX = 150;
    private static final int PEERS_MAX = 8;
    private static final int SEND_MAX = 3_000;

    @Test
    void whateverHappensNoByteIsLostAndEverythingComesHome() {
        Long given = Long.getLong("hotpath.seed");
        if (given != null) {
            tell(given);
            return;
        }
        Map<String, Long> seen = new TreeMap<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            EngineStats stats = tell(seed);
            seen.merge("enobufs", stats.enobufs(), Long::sum);
            seen.merge("parks", stats.parks(), Long::sum);
            seen.merge("copiedOut", stats.copiedOut(), Long::sum);
            seen.merge("reserveServed", stats.reserveServed(), Long::sum);
            seen.merge("sendShort", stats.sendShort(), Long::sum);
            seen.merge("acceptPauses", stats.acceptPauses(), Long::sum);
            seen.merge("closeDeadlines", stats.closeDeadlines(), Long::sum);
            seen.merge("closedByFailure", stats.closedByFailure(), Long::sum);
            seen.merge("failovers", stats.failovers(), Long::sum);
            seen.merge("movedSending", stats.movedSending(), Long::sum);
            seen.merge("movedParked", stats.movedParked(), Long::sum);
            seen.merge("closedByLoss", stats.closedByLoss(), Long::sum);
        }
        assertThat(seen).as("what the stories were about").allSatisfy((what, times) -> assertThat(times).isPositive());
    }

    private static EngineStats tell(long seed) {
        try {
            return new Story(seed).run();
        } catch (AssertionError | RuntimeException failed) {
            throw new AssertionError("-Dhotpath.seed=" + seed + ": " + failed.getMessage(), failed);
        }
    }

    /** What one seed tells. */
    private static final class Story {
        private final SplittableRandom random;
        private final Bed bed;
        private final List<Peer> peers = new ArrayList<>();
        private final Map<Side, List<byte[]>> sends = new HashMap<>();
        private final boolean requiresCredit;
        private final int failovers;

        Story(long seed) {
            random = new SplittableRandom(seed);
            SimFaults faults = random.nextInt(4) == 0 ? SimFaults.none() : SimFaults.mild();
            bed = Bed.sim(seed, random.nextInt(4) == 0 ? faults.withShortWaitAll(0.2) : faults, config());
            requiresCredit = random.nextInt(3) == 0;
            if (requiresCredit) {
                bed.engine.requireCredit();
            }
            bed.reports.onAccepted = this::accepted;
            failovers = random.nextInt(4);
            if (failovers == 3) { // a ring that dies with the news of an accept takes that client with it
                bed.sim().faults(bed.sim().faults().withDelayedCompletion(0, 3));
            }
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
                    .withCloseTimeout(Duration.ofMillis(1 + random.nextInt(200)),
                            Duration.ofMillis(random.nextInt(50)));
        }

        EngineStats run() {
            try (bed) {
                int steps = random.nextInt(10, STEPS_MAX);
                for (int i = 0; i < steps; i++) {
                    step();
                }
                end();
                for (int i = 0; i < bed.reports.sides.size(); i++) {
                    check(bed.reports.sides.get(i), peers.get(i));
                }
                bed.assertNothingLeft();
                return bed.engine.stats();
            }
        }

        // ---- the peers --------------------------------------------------------------------------------------------

        private void step() {
            int action = random.nextInt(20);
            if (peers.isEmpty() || (action == 0 && peers.size() < PEERS_MAX)) {
                peers.add(new Peer((SimClient) bed.connect()));
                return;
            }
            Peer peer = peers.get(random.nextInt(peers.size()));
            switch (action) {
                case 1, 2, 3, 4, 5 -> peer.send(random(random.nextInt(4) == 0 ? SEND_MAX : 100));
                case 6 -> peer.client.stall();
                case 7 -> {
                    peer.client.resume();
                    peer.client.receiveWindow(random.nextInt(1, 2 * SEND_MAX));
                }
                case 8 -> {
                    if (random.nextInt(3) == 0) {
                        peer.finish();
                    }
                }
                case 9 -> {
                    if (random.nextInt(8) == 0) {
                        peer.reset();
                    }
                }
                case 10, 11 -> {
                    if (!bed.reports.sides.isEmpty()) {
                        serve(bed.reports.sides.get(random.nextInt(bed.reports.sides.size())));
                    }
                }
                case 12 -> {
                    if (requiresCredit) {
                        bed.engine.request(1 + random.nextInt(5));
                    }
                }
                case 13 -> failover();
                default -> bed.turns(1 + random.nextInt(3));
            }
        }

        /** Half of the stories know none, some an orderly one, some a ring that dies or loses what it received or sent. */
        private void failover() {
            if (failovers == 2) {
                bed.engine.forceUnhealthy();
            } else if (failovers == 3 && random.nextInt(6) == 0) {
                SimRing ring = bed.sim().ring();
                switch (random.nextInt(4)) {
                    case 0 -> ring.die(Errno.EBADF);
                    case 1 -> ring.loseNextCompletion(Abi.IORING_OP_RECV);
                    case 2 -> ring.loseNextCompletion(Abi.IORING_OP_SEND);
                    default -> bed.engine.forceUnhealthy();
                }
            }
        }

        private byte[] random(int max) {
            byte[] bytes = new byte[random.nextInt(max + 1)];
            random.nextBytes(bytes);
            return bytes;
        }

        // ---- the handlers -----------------------------------------------------------------------------------------

        private void accepted(Side side) {
            sends.put(side, new ArrayList<>());
            boolean closesItself = random.nextBoolean();
            side.onInputEnded = () -> {
                if (!closesItself && random.nextBoolean()) {
                    side.connection.close();
                }
            };
            side.reaction = switch (random.nextInt(4)) {
                case 0 -> (s, lease, length) -> sendLease(s, s, lease);
                case 1 -> Side.RELEASE;
                case 2 -> Side.HOLD;
                default -> (s, lease, length) -> react(s, lease);
            };
            if (random.nextInt(5) == 0) {
                side.connection.leaveCredit();
            }
            if (random.nextInt(10) != 0) {
                side.connection.start(closesItself);
            }
            if (random.nextInt(3) != 0) {
                side.connection.request(random.nextBoolean() ? Long.MAX_VALUE : 1 + random.nextInt(5));
            }
        }

        private void react(Side side, long lease) {
            switch (random.nextInt(6)) {
                case 0 -> side.leases().release(lease);
                case 1 -> sendLease(side, bed.reports.sides.get(random.nextInt(bed.reports.sides.size())), lease);
                case 2 -> {
                    sendHeap(side, 200);
                    side.leases().release(lease);
                }
                case 3 -> {
                    side.held.add(lease);
                    serve(side);
                }
                default -> side.held.add(lease);
            }
        }

        private void serve(Side side) {
            Connection c = side.connection;
            switch (random.nextInt(12)) {
                case 0, 1 -> side.release(1 + random.nextInt(4));
                case 2 -> {
                    while (!side.held.isEmpty()) {
                        sendLease(side, side, side.held.remove());
                    }
                }
                case 3 -> sendHeap(side, SEND_MAX);
                case 4 -> sendInPlace(side);
                case 5 -> c.request(1 + random.nextInt(3));
                case 6 -> c.start(random.nextBoolean());
                case 7 -> c.pause();
                case 8 -> {
                    if (random.nextInt(4) == 0) {
                        c.shutdownOutput();
                    }
                }
                case 9 -> {
                    if (random.nextInt(4) == 0) {
                        c.close();
                    }
                }
                case 10 -> {
                    if (random.nextInt(8) == 0) {
                        c.reset();
                    }
                }
                default -> sendHeap(side, 100);
            }
        }

        private void sendLease(Side from, Side to, long lease) {
            byte[] bytes = new byte[from.leases().length(lease)];
            from.leases().copy(lease, 0, bytes, 0, bytes.length);
            to.connection.send(lease, token(to, bytes));
        }

        private void sendHeap(Side side, int max) {
            byte[] bytes = random(max);
            int offset = random.nextInt(bytes.length + 1);
            byte[] part = Arrays.copyOfRange(bytes, offset, bytes.length);
            side.connection.send(bytes, offset, part.length, token(side, part));
        }

        private void sendInPlace(Side side) {
            byte[] bytes = random(SEND_MAX);
            MemorySegment memory = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            side.connection.sendInPlace(memory, token(side, bytes));
        }

        private long token(Side side, byte[] bytes) {
            List<byte[]> calls = sends.get(side);
            if (!side.closed()) { // what comes after closed is not reported
                calls.add(bytes);
            }
            return calls.size() - 1L;
        }

        // ---- the end ----------------------------------------------------------------------------------------------

        private void end() {
            bed.sim().faults(SimFaults.none());
            if (requiresCredit) {
                bed.engine.request(Long.MAX_VALUE);
            }
            bed.until("all accepted", () -> bed.reports.sides.size() == peers.size());
            for (Peer peer : peers) {
                peer.client.resume();
                peer.finish();
            }
            boolean inOrder = random.nextBoolean();
            for (Side side : bed.reports.sides) {
                side.releaseAll();
                side.reaction = Side.RELEASE;
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
                if (!inOrder) {
                    side.connection.close();
                }
            }
            bed.until("all closed", () -> {
                bed.reports.sides.stream().filter(s -> s.inputEnds > 0).forEach(s -> s.connection.close());
                return bed.reports.sides.stream().allMatch(Side::closed);
            });
        }

        private void check(Side side, Peer peer) {
            byte[] received = side.bytes();
            byte[] sent = peer.sent.toByteArray();
            boolean lost = side.closeErrno == Errno.ECONNABORTED;
            if (side.inputEnds == 1 && !lost && !peer.wasReset) {
                assertThat(received).as("received of %s", side.connection).isEqualTo(sent);
            } else {
                assertThat(Arrays.copyOf(sent, received.length)).as("received of %s", side.connection)
                        .isEqualTo(received);
            }
            List<byte[]> calls = sends.get(side);
            assertThat(side.sent).as("sends of %s", side.connection).hasSize(calls.size());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (int i = 0; i < calls.size(); i++) {
                Side.Sent report = side.sent.get(i);
                assertThat(report.token()).isEqualTo(i);
                assertThat(report.errno() != 0 || report.bytes() == calls.get(i).length).isTrue();
                assertThat(report.bytes()).isBetween(0L, (long) calls.get(i).length);
                boolean unknown = report.errno() == Errno.ECONNABORTED;
                out.write(calls.get(i), 0, unknown ? calls.get(i).length : (int) report.bytes());
            }
            if (lost) { // what a dead ring had sent is unknown, but it is no other's and nothing twice
                assertThat(Arrays.copyOf(out.toByteArray(), peer.client.received().length))
                        .as("sent by %s", side.connection).isEqualTo(peer.client.received());
                return;
            }
            assertThat(peer.client.received()).as("sent by %s", side.connection).isEqualTo(out.toByteArray());
        }
    }

    /** A client and what it sent. */
    private static final class Peer {
        final SimClient client;
        final ByteArrayOutputStream sent = new ByteArrayOutputStream();
        boolean finished;
        boolean wasReset;

        Peer(SimClient client) {
            this.client = client;
        }

        void send(byte[] bytes) {
            if (!finished && !wasReset && !client.sawReset()) {
                client.send(bytes);
                sent.writeBytes(bytes);
            }
        }

        void finish() {
            if (!finished && !wasReset) {
                finished = true;
                client.finish();
            }
        }

        void reset() {
            wasReset = true;
            client.reset();
        }
    }
}
