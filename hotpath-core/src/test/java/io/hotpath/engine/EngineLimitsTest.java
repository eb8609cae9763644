package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Peers that keep a connection waiting are reset in time, never early, and never for what is our own slowness. */
class EngineLimitsTest {
    private static final Duration LIMIT = Duration.ofMillis(80);
    private static final long NANOS = LIMIT.toNanos();
    private static final Limits FIRST_BYTE = Limits.OFF.withFirstByte(LIMIT);
    private static final Limits IDLE = Limits.OFF.withIdle(LIMIT);
    private static final Limits READ = Limits.OFF.withReadProgress(100, LIMIT);
    private static final Limits WRITE = Limits.OFF.withWriteProgress(LIMIT);

    private static EngineConfig with(Limits limits) {
        return Bed.SMALL.withLimits(limits);
    }

    private static int runs(Beds beds) {
        return beds.real() ? 2 : 20;
    }

    private static EngineStats stats(Bed bed) {
        return bed.engine.stats();
    }

    /** Turns for {@code nanos} of the bed's own time. */
    private static void pass(Bed bed, long nanos) {
        long begin = bed.kernel.nanoTime();
        while (bed.kernel.nanoTime() - begin < nanos) {
            bed.turn();
        }
    }

    /** Something small happens every quarter of the limit, for five limits. */
    private static void often(Bed bed, IntConsumer action) {
        for (int i = 0; i < 20; i++) {
            action.accept(i);
            pass(bed, NANOS / 4);
        }
    }

    private static void assertTimesOut(Bed bed, Client client, Side side, long since) {
        bed.until("timed out", side::closed);
        long elapsed = bed.kernel.nanoTime() - since;
        assertThat(side.closeErrno).isEqualTo(Errno.ETIMEDOUT);
        assertThat(elapsed).as("nanoseconds until it was reset").isGreaterThanOrEqualTo(NANOS);
        if (bed.kernel.name().equals("sim") && bed.sim().faults().equals(SimFaults.none())) {
            assertThat(elapsed).as("nanoseconds until it was reset").isLessThan(NANOS * 13 / 10);
        }
        client.resume();
        bed.until("the peer sees it", client::sawReset);
        assertThat(stats(bed).closedByReset()).isEqualTo(1);
        bed.assertNothingLeft();
    }

    private static void assertNobodyTimedOut(Bed bed) {
        EngineStats stats = stats(bed);
        assertThat(stats.timeoutsFirstByte() + stats.timeoutsIdle() + stats.timeoutsRead() + stats.timeoutsWrite())
                .as("timeouts").isZero();
        assertThat(stats.connections()).isPositive();
    }

    // ---- first byte ---------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void aPeerThatSendsNothingAfterAcceptIsReset(Beds beds) {
        beds.run(with(FIRST_BYTE), runs(beds), bed -> {
            Client client = bed.connect();
            long begin = bed.kernel.nanoTime();
            Side side = bed.accepted();
            assertTimesOut(bed, client, side, begin);
            assertThat(stats(bed).timeoutsFirstByte()).isEqualTo(1);
        });
    }

    @Test
    void oneByteIsEnoughForTheFirst() {
        try (Bed bed = Bed.sim(with(FIRST_BYTE))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.RELEASE;
            pass(bed, NANOS / 2);
            client.send((byte) 1);
            pass(bed, 5 * NANOS);
            assertNobodyTimedOut(bed);
        }
    }

    @Test
    void theFirstByteIsNotMissedBeforeTheApplicationAsksForIt() {
        try (Bed bed = Bed.sim(with(FIRST_BYTE))) {
            bed.reports.onAccepted = side -> {};
            Client client = bed.connect();
            Side side = bed.accepted();
            pass(bed, 3 * NANOS);
            side.connection.start(false);
            pass(bed, 3 * NANOS);
            assertNobodyTimedOut(bed);
            long begin = bed.kernel.nanoTime();
            side.connection.request(1);
            assertTimesOut(bed, client, side, begin);
        }
    }

    @Test
    void aConnectionOfOursHasNoFirstByteToMiss() {
        try (Bed bed = Bed.sim(with(FIRST_BYTE))) {
            Side out = bed.connectOut(bed.listener.address());
            bed.until("connected", () -> out.connects == 1 && bed.reports.sides.size() == 1);
            out.connection.start(false);
            out.connection.request(Long.MAX_VALUE);
            bed.reports.sides.getFirst().reaction = Side.RELEASE;
            out.connection.send(new byte[1], 0, 1, 1);
            pass(bed, 5 * NANOS);
            assertNobodyTimedOut(bed);
        }
    }

    // ---- idle ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void aConnectionWithoutAByteEitherWayIsReset(Beds beds) {
        beds.run(with(IDLE), runs(beds), bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.ECHO;
            long begin = bed.kernel.nanoTime();
            client.send(random(100));
            bed.until("echoed", () -> client.receivedCount() == 100);
            assertTimesOut(bed, client, side, begin);
            assertThat(stats(bed).timeoutsIdle()).isEqualTo(1);
        });
    }

    @Test
    void aByteInEitherDirectionIsNotIdle() {
        try (Bed bed = Bed.sim(with(IDLE))) {
            Client sending = bed.connect();
            Side receiving = bed.accepted();
            receiving.reaction = Side.RELEASE;
            Client silent = bed.connect();
            Side talking = bed.accepted();
            often(bed, i -> {
                sending.send((byte) i);
                talking.connection.send(new byte[]{(byte) i}, 0, 1, i);
            });
            assertNobodyTimedOut(bed);
            assertThat(silent.receivedCount()).isEqualTo(20);
        }
    }

    @Test
    void aConnectionOfOursCanBeIdle() {
        try (Bed bed = Bed.sim(with(IDLE))) {
            bed.reports.onAccepted = side -> {};
            Side out = bed.connectOut(bed.listener.address());
            bed.until("connected", () -> out.connects == 1);
            out.connection.start(false);
            out.connection.request(Long.MAX_VALUE);
            bed.until("timed out", out::closed);
            assertThat(out.closeErrno).isEqualTo(Errno.ETIMEDOUT);
        }
    }

    @Test
    void aPeerThatEndedItsSideAndIsForgottenIsIdle() {
        try (Bed bed = Bed.sim(with(IDLE))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.finish();
            bed.until("its end", () -> side.inputEnds == 1);
            assertTimesOut(bed, client, side, bed.kernel.nanoTime());
        }
    }

    @Test
    void whoWaitsForUsIsNotIdle() {
        try (Bed bed = Bed.sim(with(IDLE))) {
            bed.reports.onAccepted = side -> side.connection.start(false);
            Client parked = bed.connect();
            parked.send(random(100));
            Side later = bed.accepted();
            bed.connect();
            bed.accepted(); // without demand
            Client holding = bed.connect();
            Side held = bed.accepted();
            held.connection.request(1);
            holding.send(random(3_000));
            pass(bed, 5 * NANOS);
            assertNobodyTimedOut(bed);
            assertThat(later.receives).isZero();
            assertThat(held.receives).isEqualTo(1);
            held.releaseAll();
        }
    }

    @Test
    void whoWasReadyWhileOurLoopStoodStillIsNotIdle() {
        try (Bed bed = Bed.sim(with(IDLE))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.RELEASE;
            pass(bed, NANOS * 9 / 10);
            client.send((byte) 1);
            bed.sim().advance(10 * NANOS); // a handler that took so long
            bed.turns(10);
            assertNobodyTimedOut(bed);
            assertThat(side.received()).isEqualTo(1);
        }
    }

    // ---- read progress ------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void aPeerThatDripsIsReset(Beds beds) {
        beds.run(with(READ), runs(beds), bed -> {
            Client client = bed.connect();
            long begin = bed.kernel.nanoTime();
            Side side = bed.accepted();
            side.reaction = Side.RELEASE;
            bed.until("timed out", () -> {
                if (!client.sawReset() && side.received() < 99) {
                    client.send((byte) 1);
                }
                return side.closed();
            });
            assertThat(side.received()).isPositive();
            assertTimesOut(bed, client, side, begin);
            assertThat(stats(bed).timeoutsRead()).isEqualTo(1);
        });
    }

    @Test
    void aPeerThatSendsEnoughInEachPeriodStays() {
        try (Bed bed = Bed.sim(with(READ))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.RELEASE;
            often(bed, i -> client.send(random(40)));
            assertNobodyTimedOut(bed);
            assertThat(side.received()).isEqualTo(800);
        }
    }

    @Test
    void nobodyOwesBytesThatAreNotAskedFor() {
        try (Bed bed = Bed.sim(with(READ))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.RELEASE;
            client.send(random(10));
            bed.until("received", () -> side.received() == 10);
            side.connection.pause();
            pass(bed, 5 * NANOS);
            assertNobodyTimedOut(bed);
            long begin = bed.kernel.nanoTime();
            side.connection.request(Long.MAX_VALUE);
            assertTimesOut(bed, client, side, begin);
        }
    }

    // ---- write progress -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void aPeerThatReadsNothingOfWhatWaitsForItIsReset(Beds beds) {
        beds.run(with(WRITE), runs(beds), bed -> {
            Client client = bed.connectNarrow();
            client.stall();
            Side side = bed.accepted();
            Bed.narrow(side);
            side.connection.send(random(200_000), 0, 200_000, 7);
            long begin = bed.kernel.nanoTime();
            assertTimesOut(bed, client, side, begin);
            assertThat(stats(bed).timeoutsWrite()).isEqualTo(1);
            assertThat(side.sent).hasSize(1);
            assertThat(side.sent.getFirst().token()).isEqualTo(7);
            assertThat(side.sent.getFirst().errno()).isEqualTo(Errno.ETIMEDOUT);
        });
    }

    @Test
    void aPeerThatReadsALittleOfOneSubmissionNowAndThenStays() {
        try (Bed bed = Bed.sim(with(WRITE))) {
            SimClient client = (SimClient) bed.connect();
            client.receiveWindow(0);
            Side side = bed.accepted();
            side.connection.send(random(5_000), 0, 5_000, 7);
            often(bed, i -> {
                client.receiveWindow(100);
                bed.turns(2);
                client.receiveWindow(0);
            });
            assertNobodyTimedOut(bed);
            assertThat(stats(bed).sends()).as("submissions that completed").isZero();
            assertThat(client.receivedCount()).isGreaterThanOrEqualTo(2_000);
        }
    }

    /** The kernel's send buffer is smaller than what waits, and reports nothing until all of it is sent. */
    @ParameterizedTest
    @EnumSource(names = {"EPOLL", "LINUX"})
    void whatAHostTakesOfOneSubmissionIsSeen(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            client.stall();
            Side side = bed.accepted();
            Bed.narrow(side);
            side.connection.sendInPlace(Arena.ofAuto().allocate(8 << 20), 7);
            bed.until("the send is blocked", () -> {
                int before = progress(bed, side);
                bed.turns(50);
                return before > 0 && progress(bed, side) == before;
            });
            int blocked = progress(bed, side);
            client.resume();
            bed.until("something moves", () -> progress(bed, side) != blocked);
            assertThat(stats(bed).sends()).as("submissions that completed").isZero();
        });
    }

    private static int progress(Bed bed, Side side) {
        int progress = bed.kernel.sockets().sendProgress(side.connection.fd);
        assertThat(progress).isNotNegative();
        return progress;
    }

    @Test
    void aConnectionThatHasNothingToSendNeedsNoWriteProgress() {
        try (Bed bed = Bed.sim(with(WRITE))) {
            Client client = bed.connect();
            client.stall();
            bed.accepted();
            pass(bed, 5 * NANOS);
            assertNobodyTimedOut(bed);
        }
    }

    // ---- room ---------------------------------------------------------------------------------------------------

    @Test
    void whatIsRefusedForWantOfRoomIsCounted() {
        try (Bed bed = Bed.sim(Bed.SMALL.withOutbound(1_000, 2_000))) {
            Client client = bed.connect();
            client.stall();
            Side side = bed.accepted();
            side.connection.send(new byte[1_500], 0, 1_500, 1);
            side.connection.send(new byte[501], 0, 501, 2);
            side.connection.send(new byte[500], 0, 500, 3);
            client.resume();
            bed.until("sent", () -> side.sent.size() == 3);
            assertThat(side.sent.get(1).errno()).isEqualTo(Errno.ENOBUFS);
            assertThat(client.receivedCount()).isEqualTo(2_000);
            assertThat(stats(bed).sendsRefused()).isEqualTo(1);
        }
    }

    @Test
    void aConnectionBeyondTheMostIsResetAndCounted() {
        try (Bed bed = Bed.sim(Bed.SMALL.withConnectionsMax(1))) {
            bed.connect();
            bed.accepted();
            Client second = bed.connect();
            bed.until("reset", second::sawReset);
            assertThat(stats(bed).refused()).isEqualTo(1);
            assertThat(stats(bed).connections()).isEqualTo(1);
        }
    }

    @Test
    void aConnectionAtItsQuotaIsCounted() {
        try (Bed bed = Bed.sim(Bed.SMALL.withLeaseQuota(2))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(random(10_000));
            bed.until("at its quota", () -> stats(bed).parks() > 0);
            bed.turns(20);
            assertThat(side.held).hasSizeLessThanOrEqualTo(3);
            side.releaseAll();
        }
    }

    // ---- the sweep ----------------------------------------------------------------------------------------------

    @Test
    void clocksGoOnWhenConnectionsMoveToAnotherRing() {
        SimKernel simulation = SimKernel.create(1, SimFaults.none());
        EngineConfig config = with(IDLE);
        try (Bed bed = Bed.steps(simulation, config, new TamperedKernel(simulation), new TamperedKernel(simulation))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            long begin = bed.kernel.nanoTime();
            for (int i = 0; i < 3; i++) {
                pass(bed, NANOS / 4);
                bed.engine.forceUnhealthy();
            }
            assertTimesOut(bed, client, side, begin);
            assertThat(stats(bed).failovers()).isEqualTo(3);
        }
    }

    @Test
    void manyConnectionsAreLookedAtAFewInEachTurn() {
        int count = 2 * Sweeper.SLOTS_PER_TURN + 100;
        try (Bed bed = Bed.sim(with(IDLE))) {
            for (int i = 0; i < count; i++) {
                bed.connect();
            }
            bed.until("accepted", () -> stats(bed).accepted() == count);
            int most = 0;
            while (stats(bed).connections() > 0) {
                long before = stats(bed).timeoutsIdle();
                bed.turn();
                most = Math.max(most, (int) (stats(bed).timeoutsIdle() - before));
            }
            assertThat(most).isEqualTo(Sweeper.SLOTS_PER_TURN);
            assertThat(stats(bed).timeoutsIdle()).isEqualTo(count);
            bed.assertNothingLeft();
        }
    }

    @Test
    void anEngineWithoutConnectionsSleeps() {
        try (Bed bed = Bed.sim(with(IDLE))) {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.finish();
            side.connection.close();
            bed.until("closed", side::closed);
            pass(bed, NANOS);
            bed.assertWaits();
        }
    }
}
