package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.bytes;
import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Demand: what waits for it, what does not, and that a slow consumer costs a bounded number of buffers. */
class EngineCreditTest {
    // ---- credit of the engine -----------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void reportsExactlyAsMuchAsCreditAllows(Beds beds) {
        beds.run(bed -> {
            bed.engine.requireCredit();
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                clients.add(bed.connect());
                clients.get(i).send(bytes("hello"));
                clients.get(i).finish();
            }
            bed.reports.onAccepted = side -> {
                side.reaction = Side.ECHO;
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
            };
            bed.turns(10);
            assertThat(bed.reports.count()).isZero();
            for (int credit = 1; bed.reports.sides.stream().filter(Side::closed).count() < 3; credit++) {
                bed.engine.request(1);
                int expected = credit;
                bed.until("the report of one credit", () -> bed.reports.count() >= expected);
                bed.turns(2);
                assertThat(bed.reports.count()).isEqualTo(credit);
            }
            for (Client client : clients) {
                assertThat(client.received()).isEqualTo(bytes("hello"));
            }
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void bytesThatCameWhileTheConnectionHadDemandAndTheEngineHadNoCreditComeWithTheCredit(Beds beds) {
        beds.run(bed -> {
            bed.engine.requireCredit();
            bed.engine.request(1);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("late"));
            bed.until("parked", () -> bed.engine.stats().bytesIn() == 4);
            bed.turns(5);
            assertThat(side.receives).isZero();
            bed.engine.request(10);
            bed.until("received", () -> side.received() == 4);
            side.releaseAll();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionThatLeftCreditNeedsItsOwnDemandOnly(Beds beds) {
        beds.run(bed -> {
            bed.engine.requireCredit();
            bed.engine.request(1);
            bed.reports.onAccepted = side -> {
                side.connection.leaveCredit();
                side.reaction = Side.ECHO;
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
            };
            Client client = bed.connect();
            client.send(bytes("free"));
            client.finish();
            Side side = bed.accepted();
            bed.until("echoed", () -> client.receivedCount() == 4 && client.sawFin());
            bed.turns(5);
            assertThat(side.sent).isNotEmpty();
            assertThat(side.closes).as("closed still needs credit").isZero();
            bed.engine.request(1);
            bed.until("closed", side::closed);
        });
    }

    @ParameterizedTest
    @EnumSource
    void acceptIsPausedWhenNobodyWantsConnectionsAndEverybodyIsServedLater(Beds beds) {
        beds.run(Bed.SMALL.withAcceptWaitMax(3), bed -> {
            bed.engine.requireCredit();
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                clients.add(bed.connect());
                bed.turns(5);
            }
            assertThat(bed.engine.connections()).isBetween(3, 5);
            if (beds != Beds.SIM_WITH_FAULTS) { // there it may have ended by itself in that moment
                assertThat(bed.engine.stats().acceptPauses()).isEqualTo(1);
            }
            bed.assertWaits();
            bed.reports.onAccepted = side -> {
                side.reaction = Side.ECHO;
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
            };
            for (Client client : clients) {
                client.send(bytes("x"));
            }
            bed.engine.request(Long.MAX_VALUE);
            bed.until("all served", () -> clients.stream().allMatch(client -> client.receivedCount() == 1));
            clients.forEach(Client::finish);
            bed.until("all closed", () -> bed.engine.connections() == 0);
            bed.assertNothingLeft();
        });
    }

    // ---- demand of a connection ---------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void deliversAsManyReceivesAsTheConnectionAskedFor(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> side.connection.start(false);
            byte[] sent = random(6_000);
            Client client = bed.connect();
            client.send(sent);
            Side side = bed.accepted();
            bed.turns(5);
            assertThat(side.receives).isZero();
            int asked = 0;
            while (side.received() < sent.length) {
                side.connection.request(2);
                asked += 2;
                int expected = asked;
                bed.until("received", () -> side.receives == expected || side.received() == sent.length);
                bed.turns(2);
                assertThat(side.receives).isLessThanOrEqualTo(asked);
                side.releaseAll();
            }
            assertThat(side.bytes()).isEqualTo(sent);
        });
    }

    @ParameterizedTest
    @EnumSource
    void aPausedConnectionGetsNothingMoreUntilItAsks(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = (s, lease, length) -> {
                s.leases().release(lease);
                s.connection.pause();
            };
            client.send(random(3_000));
            bed.until("one", () -> side.receives == 1);
            bed.turns(10);
            assertThat(side.receives).isEqualTo(1);
            side.reaction = Side.RELEASE;
            side.connection.request(Long.MAX_VALUE);
            bed.until("all", () -> side.received() == 3_000);
            assertThat(side.bytes()).isEqualTo(random(3_000));
        });
    }

    @Test
    void refusesDemandThatIsNoDemand() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            bed.connect();
            Side side = bed.accepted();
            assertThatIllegalArgumentException().isThrownBy(() -> side.connection.request(0)).withMessageContaining(
                    "3.9");
            assertThatIllegalArgumentException().isThrownBy(() -> bed.engine.request(-1)).withMessageContaining("3.9");
        }
    }

    // ---- the quota ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void aConnectionWithoutDemandHoldsItsQuotaAndItsPeerHasToWait(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> side.connection.start(false);
            byte[] sent = random(40_000);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(sent);
            bed.until("at its quota", () -> bed.engine.stats().parks() == 1);
            bed.assertWaits();
            assertThat(bed.engine.stats().parks()).as("stopped once").isEqualTo(1);
            assertThat(side.connection.held()).isBetween(1, 8 + 8);
            assertThat(bed.engine.stats().bytesIn()).isLessThan(sent.length);
            side.reaction = Side.RELEASE;
            side.connection.request(Long.MAX_VALUE);
            bed.until("all", () -> side.received() == sent.length);
            assertThat(side.bytes()).isEqualTo(sent);
        });
    }

    @ParameterizedTest
    @EnumSource
    void armsAgainAtLowWaterAndNotBefore(Beds beds) {
        beds.run(bed -> {
            byte[] sent = random(40_000);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(sent);
            bed.until("at its quota", () -> bed.engine.stats().parks() == 1);
            bed.turns(5);
            while (side.connection.held() > 5) {
                side.release(1);
            }
            bed.turns(5);
            assertThat(side.connection.recv).as("above low water").isEqualTo(Connection.RECV_IDLE);
            assertThat(side.connection.held()).isEqualTo(5);
            side.release(1);
            bed.until("receives again", () -> side.connection.held() > 4);
            side.reaction = Side.RELEASE;
            side.releaseAll();
            bed.until("all", () -> side.received() == sent.length);
            assertThat(side.bytes()).isEqualTo(sent);
        });
    }

    @ParameterizedTest
    @EnumSource
    void noticesThatThePeerOfAParkedConnectionReset(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> side.connection.start(false);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(random(40_000));
            bed.until("at its quota", () -> bed.engine.stats().parks() == 1);
            bed.turns(3);
            client.reset();
            bed.until("closed", side::closed);
            assertThat(side.closeErrno).isIn(Errno.ECONNRESET, Errno.EPIPE);
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void noticesThatThePeerEndedAndResetWhileTheApplicationHoldsTheQuota(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(random(7_000)); // below the quota without faults, beyond it by chance with them
            bed.turns(5);
            client.finish();
            bed.turns(5);
            client.reset();
            bed.until("closed", side::closed);
            side.releaseAll();
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void reportsTheEndOfInputWithoutDemandIfNothingIsParked(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> side.connection.start(false);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.finish();
            bed.until("ended", () -> side.inputEnds == 1);
            side.connection.close();
            bed.until("closed", side::closed);
        });
    }

    @ParameterizedTest
    @EnumSource
    void reportsTheEndOfInputBehindTheLastParkedBytes(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> side.connection.start(true);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("last words"));
            client.finish();
            bed.until("parked", () -> bed.engine.stats().bytesIn() == 10);
            bed.turns(5);
            assertThat(side.inputEnds).isZero();
            side.reaction = Side.RELEASE;
            side.connection.request(Long.MAX_VALUE);
            bed.until("closed", side::closed);
            assertThat(side.bytes()).isEqualTo(bytes("last words"));
            assertThat(side.inputEnds).isEqualTo(1);
        });
    }

    @Test
    void namesAConnectionThatSitsAtItsQuotaWithUnmetDemand() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(random(20_000));
            bed.until("at its quota", () -> bed.engine.stats().quotaStuck() == 1);
            side.reaction = Side.RELEASE;
            side.releaseAll();
            bed.until("all", () -> side.received() == 20_000);
            assertThat(bed.engine.stats().quotaStuck()).isZero();
        }
    }

    @Test
    void keepsTheQuotaOnAKernelThatRefusesByteCapsAndLosesNobodyByFindingOut() {
        for (long seed = 1; seed <= 100; seed++) {
            SimKernel sim = SimKernel.create(seed, SimFaults.none());
            try (Bed bed = Bed.tampered(new TamperedKernel(sim, TamperedKernel.NO_CAPS), Bed.SMALL)) {
                List<Client> clients = new ArrayList<>();
                for (int i = 0; i < 5; i++) {
                    clients.add(bed.connect()); // all armed with a cap before the first refusal comes
                }
                bed.until("accepted", () -> bed.reports.sides.size() == 5);
                for (Client client : clients) {
                    client.send(random(30_000));
                }
                bed.turns(10);
                assertThat(bed.engine.stats().unexpectedErrnos()).isZero();
                assertThat(sim.counters().completions(Abi.IORING_OP_ASYNC_CANCEL)).isPositive();
                for (Side side : bed.reports.sides) {
                    side.reaction = Side.RELEASE;
                    side.releaseAll();
                }
                bed.until("all", () -> bed.reports.sides.stream().allMatch(side -> side.received() == 30_000));
                bed.reports.sides.forEach(side -> assertThat(side.bytes()).isEqualTo(random(30_000)));
            }
        }
    }
}
