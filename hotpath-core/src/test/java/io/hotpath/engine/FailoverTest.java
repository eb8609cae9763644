package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.EngineException;
import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.epoll.EpollKernel;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import io.hotpath.kernel.sim.SimPeer;
import io.hotpath.kernel.sim.SimPeerListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * Connections go from ring to ring: in order they lose nothing, and from a ring that died only those are reset of which
 * something may be missing.
 */
class FailoverTest {
    private static final int PEER_PORT = 9009;
    private static final int STUCK_BYTES = 200_000;
    static final EngineConfig PATIENT = Bed.SMALL
            .withCopyBytesMax(1 << 20)
            .withOutbound(1 << 20, 1 << 20)
            .withCloseTimeout(Duration.ofSeconds(60), Duration.ofSeconds(60));

    // ---- a ring that works ----------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void movesWithEverythingInFlightAndLosesNothing(Beds beds) {
        beds.run(PATIENT, bed -> {
            Side armed = connected(bed);
            Side stuck = connected(bed);
            Side parked = connected(bed);
            Side holding = connected(bed);
            Side draining = connected(bed);
            Side lingering = connected(bed);
            Side halfOpen = connected(bed);
            armed.reaction = Side.RELEASE;
            byte[] much = random(STUCK_BYTES);
            block(bed, stuck);
            block(bed, draining);
            stuck.connection.send(much, 0, much.length, 1);
            draining.connection.send(much, 0, much.length, 1);
            draining.connection.close();
            lingering.connection.close();
            parked.connection.pause();
            client(bed, parked).send(random(3_000));
            client(bed, holding).send(random(2_000));
            client(bed, halfOpen).finish();
            bed.until("all are where they are to be", () -> holding.received() == 2_000 && halfOpen.inputEnds == 1
                    && client(bed, lingering).sawFin() && stuck.connection.sending > 0);
            for (int hop = 1; hop <= 2; hop++) {
                client(bed, armed).send(random(1_500));
                bed.connect().send((byte) hop);
                bed.engine.forceUnhealthy();
                bed.turn();
                assertThat(bed.engine.stats().failovers()).isEqualTo(hop);
            }
            assertThat(bed.engine.stats().movedSending()).isPositive();
            holding.releaseAll();
            parked.reaction = Side.RELEASE; // in small pieces it may be more leases than its quota
            parked.connection.request(Long.MAX_VALUE);
            client(bed, stuck).resume();
            client(bed, draining).resume();
            client(bed, lingering).finish();
            client(bed, draining).finish();
            bed.until("all bytes and two new connections", () -> armed.received() == 3_000 && parked.received() == 3_000
                    && client(bed, stuck).receivedCount() == STUCK_BYTES
                    && client(bed, draining).receivedCount() == STUCK_BYTES
                    && draining.closed() && lingering.closed() && bed.reports.sides.size() == 9
                    && bed.reports.sides.get(7).received() + bed.reports.sides.get(8).received() == 2);
            assertThat(parked.bytes()).isEqualTo(random(3_000));
            assertThat(client(bed, stuck).received()).isEqualTo(much);
            assertThat(client(bed, draining).received()).isEqualTo(much);
            assertThat(bed.engine.stats().closedByLoss()).isZero();
            assertThat(draining.closeErrno + lingering.closeErrno).isZero();
            bed.assertWaits();
            finish(bed);
        });
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = {"SIM", "SIM_WITH_FAULTS"})
    void finishesAConnectThatIsInProgressAndDoesNotRepeatIt(Beds beds) {
        beds.run(bed -> {
            SimPeerListener peers = bed.sim().listenPeer(PEER_PORT);
            peers.silent(true);
            Side side = bed.connectOut(peers.address());
            bed.turns(10);
            bed.engine.forceUnhealthy();
            bed.turns(10);
            assertThat(side.connects).isZero();
            peers.silent(false);
            bed.until("connected", () -> side.connects == 1);
            SimPeer peer = peers.accept();
            assertThat(peers.poll()).isNull();
            side.connection.start(true);
            side.connection.request(Long.MAX_VALUE);
            peer.send("hello");
            bed.until("bytes", () -> side.received() == 5);
            peer.close();
            side.releaseAll();
            bed.until("closed", side::closed);
        });
    }

    @ParameterizedTest
    @EnumSource
    void waitsAsBeforeAfterAFailover(Beds beds) {
        beds.run(Bed.SMALL, 5, bed -> {
            connected(bed);
            bed.engine.forceUnhealthy();
            bed.assertWaits();
            bed.engine.forceUnhealthy();
            bed.assertWaits();
        });
    }

    @ParameterizedTest
    @EnumSource
    void doesNotConnectASocketThatNobodyToldToConnect(Beds beds) {
        beds.run(Bed.SMALL, 5, bed -> {
            Side side = new Side(bed.reports, bed.engine.socket(bed.listener.address(), new Nobody()));
            bed.outgoing.add(side);
            bed.engine.forceUnhealthy();
            bed.turns(10);
            assertThat(side.connects + side.closes).isZero();
            side.connection.connect(bed.listener.address(), Long.MAX_VALUE);
            bed.until("connected", () -> side.connects == 1);
        });
    }

    @ParameterizedTest
    @EnumSource
    void seesAResetOfAHalfOpenConnectionAfterAFailover(Beds beds) {
        beds.run(Bed.SMALL, 5, bed -> {
            Side side = connected(bed);
            client(bed, side).finish();
            bed.until("half open", () -> side.inputEnds == 1);
            bed.assertWaits();
            bed.engine.forceUnhealthy();
            bed.assertWaits();
            client(bed, side).reset();
            bed.until("closed", side::closed);
            assertThat(side.closeErrno).isPositive();
        });
    }

    /** The word says free before the buffer is on its way home: the new ring must not be given it twice. */
    @ParameterizedTest
    @EnumSource
    void givesABufferBackOnceThatAnotherThreadReleasesDuringAFailover(Beds beds) {
        beds.run(Bed.SMALL, 5, bed -> {
            Side side = connected(bed);
            client(bed, side).send(random(6_000));
            bed.until("held", () -> side.held.size() >= 4);
            bed.engine.forceUnhealthy();
            Thread other = Thread.ofPlatform().start(side::releaseAll);
            join(other);
            bed.turns(3);
            finish(bed);
            bed.assertNothingLeft();
        });
    }

    // ---- a ring that died -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "SIM_WITH_FAULTS")
    void aDeadRingResetsWhoHadASendInFlightAndNobodyElse(Beds beds) {
        try (Bed bed = breakable(beds)) {
            TamperedKernel kernel = (TamperedKernel) bed.kernel;
            Side receiving = connected(bed);
            Side sending = connected(bed);
            Side parked = connected(bed);
            Side lingering = connected(bed);
            block(bed, sending);
            sending.connection.send(random(STUCK_BYTES), 0, STUCK_BYTES, 1);
            parked.connection.pause();
            client(bed, parked).send(random(3_000));
            lingering.connection.close();
            bed.until("in flight", () -> sending.connection.sending > 0 && parked.connection.parkedFirst >= 0
                    && client(bed, lingering).sawFin());
            bed.turns(5);
            client(bed, receiving).send(random(2_500));
            kernel.die();
            bed.turn();
            assertThat(kernel.brokenEnters).isPositive();
            bed.until("reset", sending::closed);
            assertThat(sending.closeErrno).isEqualTo(Errno.ECONNABORTED);
            assertThat(sending.sent).hasSize(1);
            assertThat(sending.sent.getFirst().errno()).isEqualTo(Errno.ECONNABORTED);
            client(bed, sending).resume();
            client(bed, lingering).finish();
            parked.connection.request(Long.MAX_VALUE);
            bed.until("the others live", () -> receiving.received() == 2_500 && parked.received() == 3_000
                    && lingering.closed() && client(bed, sending).sawReset());
            assertThat(receiving.bytes()).isEqualTo(random(2_500));
            assertThat(parked.bytes()).isEqualTo(random(3_000));
            assertThat(bed.engine.stats().closedByLoss()).isEqualTo(1);
            assertThat(lingering.closeErrno).isZero();
            finish(bed);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "SIM_WITH_FAULTS")
    void whatADeadRingNeverTookIsDoneOnTheNext(Beds beds) {
        try (Bed bed = breakable(beds)) {
            TamperedKernel kernel = (TamperedKernel) bed.kernel;
            Side sending = connected(bed);
            Side closing = connected(bed);
            Side ending = connected(bed);
            Side reset = connected(bed);
            client(bed, closing).finish();
            bed.until("half open", () -> closing.inputEnds == 1);
            bed.turns(5);
            kernel.die();
            sending.connection.send(new byte[]{1, 2, 3}, 0, 3, 1);
            closing.connection.close();
            ending.connection.shutdownOutput();
            reset.connection.reset();
            Side connecting = bed.connectOut(bed.listener.address());
            bed.until("all of it", () -> client(bed, sending).receivedCount() == 3 && closing.closed() && reset.closed()
                    && client(bed, closing).sawFin() && client(bed, ending).sawFin() && client(bed, reset).sawReset()
                    && connecting.connects == 1);
            assertThat(kernel.brokenEnters).isPositive();
            assertThat(bed.engine.stats().closedByLoss()).isZero();
            assertThat(closing.closeErrno).isZero();
            finish(bed);
        }
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "SIM_WITH_FAULTS")
    void anAlarmWithoutALossResetsNobody(Beds beds) {
        try (Bed bed = breakable(beds)) {
            TamperedKernel kernel = (TamperedKernel) bed.kernel;
            Side receiving = connected(bed);
            Side sending = connected(bed);
            byte[] much = random(STUCK_BYTES);
            block(bed, sending);
            sending.connection.send(much, 0, much.length, 1);
            bed.until("in flight", () -> sending.connection.sending > 0);
            client(bed, receiving).send(random(5_000));
            kernel.enterErrno = Errno.EBADR;
            kernel.enterErrnoCount = 1;
            bed.turn();
            client(bed, sending).resume();
            bed.until("all",
                    () -> receiving.received() == 5_000 && client(bed, sending).receivedCount() == STUCK_BYTES);
            assertThat(receiving.bytes()).isEqualTo(random(5_000));
            assertThat(client(bed, sending).received()).isEqualTo(much);
            assertThat(bed.engine.stats().failovers()).isEqualTo(1);
            assertThat(bed.engine.stats().closedByLoss()).isZero();
            finish(bed);
        }
    }

    // ---- completions that are gone --------------------------------------------------------------------------------

    @Test
    void aLostReceiveResetsWhoWasReceivingAndNobodyElse() {
        Beds.SIM.run(bed -> {
            Side first = connected(bed);
            Side second = connected(bed);
            Side idle = idle(bed);
            first.reaction = Side.RELEASE;
            client(bed, first).send(random(500));
            bed.until("before", () -> first.received() == 500);
            bed.sim().ring().loseNextCompletion(Abi.IORING_OP_RECV);
            client(bed, first).send(random(5_000)); // five buffers, the first of which is lost
            client(bed, idle).send(random(700));
            bed.until("reset", () -> first.closed() && second.closed());
            assertThat(bed.sim().counters().lostCompletions()).isEqualTo(1);
            assertThat(first.bytes()).as("nothing from behind the gap").isEqualTo(random(500));
            assertThat(first.closeErrno).isEqualTo(Errno.ECONNABORTED);
            assertThat(client(bed, first).sawReset() && client(bed, second).sawReset()).isTrue();
            idle.connection.start(false);
            idle.connection.request(Long.MAX_VALUE);
            bed.until("lives", () -> idle.received() == 700);
            assertThat(idle.bytes()).isEqualTo(random(700));
            assertThat(bed.engine.stats().closedByLoss()).isEqualTo(2);
            finish(bed);
        });
    }

    @Test
    void theLostEndOfAReceiveResetsThatConnection() {
        Beds.SIM.run(bed -> {
            Side ended = connected(bed);
            Side other = connected(bed);
            bed.turns(3);
            bed.sim().ring().loseNextCompletion(Abi.IORING_OP_RECV);
            client(bed, ended).finish();
            bed.until("reset", ended::closed);
            client(bed, other).send(random(700));
            bed.until("lives", () -> other.received() == 700);
            assertThat(ended.inputEnds).as("the end of input may have been an error").isZero();
            assertThat(bed.engine.stats().closedByLoss()).isEqualTo(1);
            finish(bed);
        });
    }

    @Test
    void aLostSendResetsItsConnectionAndNobodyElse() {
        Beds.SIM.run(bed -> {
            Side sending = connected(bed);
            Side other = connected(bed);
            bed.turns(3);
            bed.sim().ring().loseNextCompletion(Abi.IORING_OP_SEND);
            sending.connection.send(random(300), 0, 300, 1);
            client(bed, other).send(random(400));
            bed.until("reset", sending::closed);
            assertThat(sending.closeErrno).isEqualTo(Errno.ECONNABORTED);
            assertThat(sending.sent.getFirst().errno()).isEqualTo(Errno.ECONNABORTED);
            bed.until("lives", () -> other.received() == 400);
            assertThat(bed.engine.stats().closedByLoss()).isEqualTo(1);
            finish(bed);
        });
    }

    @Test
    void aLostAcceptResetsNobodyAndTheListenerGoesOn() {
        Beds.SIM.run(bed -> {
            Side other = connected(bed);
            bed.sim().ring().loseNextCompletion(Abi.IORING_OP_ACCEPT);
            bed.connect();
            bed.until("lost", () -> bed.engine.stats().failovers() == 1);
            assertThat(bed.sim().counters().lostAccepts()).isEqualTo(1);
            int before = bed.reports.sides.size();
            bed.connect().send((byte) 1);
            client(bed, other).send(random(400));
            bed.until("served", () -> bed.reports.sides.size() == before + 1 && other.received() == 400
                    && bed.reports.sides.getLast().received() == 1);
            assertThat(bed.engine.stats().closedByLoss()).isZero();
            bed.reports.sides.forEach(Side::releaseAll);
        });
    }

    @Test
    void completionsThatAreLostAtRandomNeverMakeAGap() {
        for (long seed = 1; seed <= 200; seed++) {
            SimFaults faults = SimFaults.mild().withLostCompletion(0.002);
            try (Bed bed = Bed.sim(seed, faults, PATIENT)) {
                bed.reports.onAccepted = side -> {
                    side.reaction = Side.ECHO;
                    side.connection.start(false);
                    side.connection.request(Long.MAX_VALUE);
                };
                for (int i = 0; i < 6; i++) {
                    bed.connect().send(random(4_000));
                }
                gives(bed, 40);
                for (SimClient client : bed.simClients) {
                    assertThat(Arrays.copyOf(random(4_000), client.received().length)).as("seed %d", seed)
                            .isEqualTo(client.received());
                }
                for (Side side : bed.reports.sides) {
                    assertThat(Arrays.copyOf(random(4_000), side.bytes().length)).as("seed %d", seed)
                            .isEqualTo(side.bytes());
                    assertThat(side.closed() || side.received() == 4_000).as("seed %d", seed).isTrue();
                    assertThat(side.closed()).isEqualTo(side.closeErrno == Errno.ECONNABORTED);
                }
            }
        }
    }

    /** Turns a while with losses, then without. */
    private static void gives(Bed bed, int turns) {
        bed.turns(turns);
        bed.sim().faults(SimFaults.none());
        bed.turns(100);
    }

    // ---- no ring any more -----------------------------------------------------------------------------------------

    @Test
    void givesUpWhenRingsBreakAgainAndAgain() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            bed.leaks = true;
            Side side = connected(bed);
            for (int i = 1; i <= Failover.RESCUES_MAX; i++) {
                bed.sim().ring().die(Errno.EBADF);
                client(bed, side).send((byte) i);
                int count = i;
                bed.until("received", () -> side.received() == count);
            }
            bed.sim().ring().die(Errno.EBADF);
            assertThatThrownBy(() -> bed.turns(2)).isInstanceOf(EngineException.class).hasMessageContaining("EBADF");
            assertThatThrownBy(() -> bed.turns(1)).isInstanceOf(EngineException.class);
            assertThat(bed.engine.stats().failovers()).isEqualTo(Failover.RESCUES_MAX);
            bed.engine.close();
            assertThat(side.closes).isEqualTo(1);
            side.releaseAll();
        }
    }

    @Test
    void aRefusedKernelIsPassedOver() {
        SimKernel sim = SimKernel.create(1);
        TamperedKernel first = new TamperedKernel(sim);
        TamperedKernel second = new TamperedKernel(sim);
        TamperedKernel third = new TamperedKernel(sim);
        try (Bed bed = Bed.steps(sim, Bed.SMALL, first, second, third)) {
            Side side = connected(bed);
            second.refusing = 1;
            bed.engine.forceUnhealthy();
            bed.turns(3);
            assertThat(List.of(first.opened, second.opened, third.opened)).containsExactly(1, 0, 1);
            client(bed, side).send(random(100));
            bed.until("lives", () -> side.received() == 100);
            third.die();
            bed.turns(3);
            assertThat(List.of(first.opened, second.opened, third.opened)).containsExactly(2, 0, 1);
            finish(bed);
        }
    }

    @Test
    void closesCleanlyWhenEveryKernelRefusesAnOrderlyMove() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            refused(bed, bed.engine::forceUnhealthy);
        }
    }

    @Test
    void closesCleanlyWhenEveryKernelRefusesToReplaceADeadRing() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            refused(bed, () -> bed.sim().ring().die(Errno.EBADF));
        }
    }

    private static void refused(Bed bed, Runnable end) {
        Side armed = connected(bed);
        Side sending = connected(bed);
        Side closing = connected(bed);
        block(bed, sending);
        sending.connection.send(random(STUCK_BYTES), 0, 10_000, 1);
        bed.until("in flight", () -> sending.connection.sending > 0);
        bed.connect();
        bed.sim().refuseRings(100);
        end.run();
        closing.connection.reset();
        assertThatThrownBy(() -> bed.turns(2)).isInstanceOf(EngineException.class).hasMessageContaining("EPERM");
        assertThatThrownBy(() -> bed.turns(1)).isInstanceOf(EngineException.class).hasMessageContaining("EPERM");
        assertThat(bed.sim().counters().refusedRings()).isEqualTo(1);
        bed.engine.close();
        assertThat(armed.closes + sending.closes + closing.closes).isEqualTo(3);
        assertThat(client(bed, closing).sawReset()).isTrue();
        assertThat(bed.reports.listenersClosed).isEqualTo(1);
    }

    // ---- helpers --------------------------------------------------------------------------------------------------

    private static final class Nobody implements ConnectionHandler {
        @Override
        public void received(Connection connection, long lease, int length) {}

        @Override
        public void closed(Connection connection, int errno) {}
    }

    /** A bed whose ring can be broken, with a second kernel behind it. */
    static Bed breakable(Beds beds) {
        return switch (beds) {
            case LINUX -> Bed.steps(null, PATIENT, new TamperedKernel(Bed.linuxKernel()));
            case EPOLL -> Bed.steps(null, PATIENT, new TamperedKernel(EpollKernel.instance()));
            case SIM, SIM_WITH_FAULTS -> {
                SimKernel sim = SimKernel.create(1);
                yield Bed.steps(sim, PATIENT, new TamperedKernel(sim));
            }
        };
    }

    static Side connected(Bed bed) {
        bed.connectNarrow();
        return bed.accepted();
    }

    /** Accepted and not started. */
    static Side idle(Bed bed) {
        var onAccepted = bed.reports.onAccepted;
        bed.reports.onAccepted = side -> {};
        Side side = connected(bed);
        bed.reports.onAccepted = onAccepted;
        return side;
    }

    static Client client(Bed bed, Side side) {
        int index = bed.reports.sides.indexOf(side);
        return bed.socketClients.isEmpty() ? bed.simClients.get(index) : bed.socketClients.get(index);
    }

    /** Its client reads nothing: what is sent to it gets stuck. */
    static void block(Bed bed, Side side) {
        Bed.narrow(side);
        client(bed, side).stall();
    }

    static void finish(Bed bed) {
        if (!bed.socketClients.isEmpty()) {
            bed.reports.sides.forEach(side -> side.connection.reset());
        } else {
            bed.reports.sides.forEach(side -> side.connection.close());
            List<SimClient> clients = new ArrayList<>(bed.simClients);
            clients.forEach(SimClient::resume);
            clients.forEach(SimClient::finish);
        }
        bed.reports.sides.forEach(Side::releaseAll);
        bed.until("closed", () -> bed.reports.sides.stream().allMatch(Side::closed));
        bed.reports.sides.forEach(Side::releaseAll);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
