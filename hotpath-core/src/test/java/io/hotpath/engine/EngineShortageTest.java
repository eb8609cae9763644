package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimFaults;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Too few buffers for too many: nothing is lost, nobody starves, nothing spins. */
class EngineShortageTest {
    private static final int CONNECTIONS = 64;
    private static final EngineConfig FOUR = EngineConfig.DEFAULT.withBuffers(4, 1024).withCopyBytesMax(1 << 20);

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "SIM_WITH_FAULTS") // its seeds are below
    void manyConnectionsReceiveEverythingThroughFourBuffers(Beds beds) {
        beds.run(FOUR, beds.real() ? 1 : 3, bed -> throughFourBuffers(bed, 64 << 10));
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = "SIM_WITH_FAULTS")
    void manyConnectionsReceiveEverythingThroughFourBuffersOnABadDay(Beds beds) {
        beds.run(FOUR, 10, bed -> throughFourBuffers(bed, 8 << 10));
    }

    private static void throughFourBuffers(Bed bed, int bytes) {
        bed.reports.onAccepted = side -> {
            side.reaction = Side.RELEASE;
            side.connection.start(false);
            side.connection.request(Long.MAX_VALUE);
        };
        List<byte[]> sent = connect(bed, bytes);
        long turns = bed.engine.stats().turns();
        bed.until("all", () -> bed.reports.sides.stream().allMatch(side -> side.received() == bytes));
        for (int i = 0; i < CONNECTIONS; i++) {
            assertThat(bed.reports.sides.get(i).bytes()).isEqualTo(sent.get(i));
        }
        assertThat(bed.engine.stats().enobufs()).isPositive();
        if (bed.kernel.name().equals("sim") && bed.sim().faults().equals(SimFaults.none())) {
            long buffers = (long) CONNECTIONS * bytes / 1024;
            assertThat(bed.engine.stats().turns() - turns).as("turns").isLessThan(2 * buffers);
        }
        bed.assertWaits();
    }

    /** Clients that have something different to send each; server's side i belongs to client i. */
    private static List<byte[]> connect(Bed bed, int bytes) {
        List<byte[]> sent = new ArrayList<>();
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            byte[] content = new byte[bytes];
            new Random(i).nextBytes(content);
            sent.add(content);
            clients.add(bed.connect());
            bed.accepted();
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            clients.get(i).send(sent.get(i));
        }
        return sent;
    }

    @ParameterizedTest
    @EnumSource
    void waitsWhileTheApplicationHoldsEveryBufferAndGoesOnWhenOneComesBack(Beds beds) {
        beds.run(FOUR, beds.real() ? 1 : 5, bed -> {
            List<byte[]> sent = connect(bed, 3_000);
            bed.until("no buffers", () -> bed.engine.stats().buffersFree() == 0
                    && bed.engine.leases().reserveAvailable() == 0);
            bed.assertWaits();
            assertThat(bed.engine.stats().leasesHeld()).isEqualTo(5);
            bed.until("all", () -> {
                bed.reports.sides.forEach(Side::releaseAll);
                return bed.reports.sides.stream().allMatch(side -> side.received() == 3_000);
            });
            for (int i = 0; i < CONNECTIONS; i++) {
                assertThat(bed.reports.sides.get(i).bytes()).isEqualTo(sent.get(i));
            }
            bed.assertWaits();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aStarvedConnectionNoticesThatItsPeerReset(Beds beds) {
        beds.run(FOUR, beds.real() ? 1 : 20, bed -> {
            for (int i = 0; i < 8; i++) {
                bed.connect().send(random(3_000));
                bed.accepted();
            }
            bed.until("no buffers", () -> bed.engine.stats().buffersFree() == 0
                    && bed.engine.leases().reserveAvailable() == 0);
            bed.turns(10);
            Client client = bed.connect();
            Side side = bed.accepted();
            bed.turns(10);
            client.reset();
            bed.until("closed", side::closed);
            bed.reports.sides.forEach(Side::releaseAll);
        });
    }

    @ParameterizedTest
    @EnumSource
    void whatIsParkedLeavesTheRingWhenBuffersAreShort(Beds beds) {
        beds.run(FOUR.withLeaseQuota(4), beds.real() ? 1 : 50, bed -> {
            bed.reports.onAccepted = side -> side.connection.start(false);
            Client slow = bed.connect();
            Side parked = bed.accepted();
            slow.send(random(4_096));
            bed.until("parked", () -> parked.connection.held() >= 4);
            bed.reports.onAccepted = side -> {
                side.reaction = Side.ECHO;
                side.connection.start(false);
                side.connection.request(Long.MAX_VALUE);
            };
            Client client = bed.connect();
            bed.accepted();
            client.send(random(20_000));
            bed.until("echoed", () -> client.receivedCount() == 20_000);
            assertThat(client.received()).isEqualTo(random(20_000));
            assertThat(bed.engine.stats().copiedOut()).isPositive();
            parked.reaction = Side.RELEASE;
            parked.connection.request(Long.MAX_VALUE);
            bed.until("the slow one", () -> parked.received() == 4_096);
            assertThat(parked.bytes()).isEqualTo(random(4_096));
        });
    }

    @ParameterizedTest
    @EnumSource
    void aBlockedSendLeavesTheRingWhenBuffersAreShort(Beds beds) {
        beds.run(FOUR, beds.real() ? 1 : 50, bed -> {
            bed.reports.onAccepted = side -> {
                side.reaction = Side.ECHO;
                Bed.narrow(side);
                side.connection.start(false);
                side.connection.request(Long.MAX_VALUE);
            };
            List<Client> slow = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Client client = bed.connectNarrow();
                client.stall();
                bed.accepted();
                slow.add(client);
            }
            byte[] content = random(100_000);
            slow.forEach(client -> client.send(content));
            bed.until("blocked", () -> bed.engine.stats().copiedOut() > 0);
            bed.turns(20);
            Client client = bed.connect();
            bed.accepted();
            client.send(random(20_000));
            bed.until("echoed", () -> client.receivedCount() == 20_000);
            assertThat(client.received()).isEqualTo(random(20_000));
            bed.assertWaits();
            slow.forEach(Client::resume);
            bed.until("all echoed", () -> slow.stream().allMatch(each -> each.receivedCount() == content.length));
            slow.forEach(each -> assertThat(each.received()).isEqualTo(content));
        });
    }

    @Test
    void doesNotWaitWhenASendHasJustFreedTheBufferThatSomebodyStarvesFor() {
        try (Bed bed = Bed.sim(FOUR.withLeaseQuota(8))) {
            Client holder = bed.connect();
            Side holding = bed.accepted();
            holder.stall();
            holder.send(random(4_096));
            bed.until("all buffers are lent", () -> holding.held.size() == 4);
            bed.connect().send(random(1_024));
            Side served = bed.accepted();
            bed.connect().send(random(1_024));
            Side starved = bed.accepted();
            bed.until("the reserve is lent too", () -> served.received() == 1_024);
            bed.turns(20);
            assertThat(starved.receives).isZero();
            holding.connection.send(holding.held.remove(), 1); // blocked, so its bytes move to copy memory
            long before = bed.kernel.nanoTime();
            for (int i = 0; i < 4; i++) {
                bed.engine.run(1_000_000_000);
            }
            assertThat(starved.received()).isEqualTo(1_024);
            assertThat(served.held).isNotEmpty();
            assertThat(bed.kernel.nanoTime() - before).isLessThan(1_000_000_000); // not one of them waited
            bed.reports.sides.forEach(Side::releaseAll);
        }
    }

    @Test
    void tinySegmentsArePackedSoThatADripCannotPinTheRing() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            bed.reports.onAccepted = side -> side.connection.start(false);
            Client drip = bed.connect();
            Side side = bed.accepted();
            byte[] content = random(5_000);
            for (byte one : content) {
                drip.send(one);
                bed.turn();
                assertThat(bed.engine.stats().buffersFree()).isGreaterThanOrEqualTo(15);
            }
            assertThat(side.connection.held()).isLessThanOrEqualTo(5);
            side.reaction = Side.RELEASE;
            side.connection.request(Long.MAX_VALUE);
            bed.until("all", () -> side.received() == content.length);
            assertThat(side.bytes()).isEqualTo(content);
        }
    }

    @Test
    void tinySegmentsThatWaitToBeSentDoNotPinTheRing() {
        try (Bed bed = Bed.sim(FOUR)) {
            Client drip = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.ECHO;
            drip.stall();
            byte[] content = random(5_000);
            for (byte one : content) {
                drip.send(one);
                bed.turn();
            }
            Client client = bed.connect();
            Side other = bed.accepted();
            other.reaction = Side.ECHO;
            client.send(random(3_000));
            bed.until("echoed", () -> client.receivedCount() == 3_000);
            drip.resume();
            bed.until("all", () -> drip.receivedCount() == content.length);
            assertThat(drip.received()).isEqualTo(content);
        }
    }
}
