package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Peers that send and never read, more of them than all buffers and all copy memory can hold, do not lock others out. */
class EngineRoomTest {
    private static final int BLOCKED = 64;

    /** 8 ring buffers, 1 in reserve, 16 copies: what eight connections at their quota hold. */
    private static final EngineConfig FEW =
            EngineConfig.DEFAULT.withEntries(64).withBuffers(8, 1024).withLeaseQuota(4).withCopyBytesMax(16 << 10);

    private static List<Client> block(Bed bed, int count) {
        bed.reports.onAccepted = side -> {
            side.reaction = Side.ECHO;
            side.keepsBytes = false;
            Bed.narrow(side);
            side.connection.start(false);
            side.connection.request(Long.MAX_VALUE);
        };
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Client client = bed.connectNarrow();
            client.stall();
            bed.accepted();
            clients.add(client);
        }
        clients.forEach(client -> client.send(random(60_000)));
        return clients;
    }

    private static void assertServed(Bed bed, int roundTrips) {
        Client client = bed.connect();
        Side side = bed.accepted();
        for (int i = 1; i <= roundTrips; i++) {
            client.send(random(100));
            long all = i * 100L;
            long asked = bed.kernel.nanoTime();
            bed.until("answer " + i, () -> client.receivedCount() == all);
            assertThat(bed.kernel.nanoTime() - asked).as("nanoseconds to an answer").isLessThan(20_000_000_000L);
        }
        assertThat(side.closed()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void aNormalClientIsServedBesideMoreBlockedPeersThanFit(Beds beds) {
        beds.run(FEW, beds.real() ? 1 : 5, bed -> {
            block(bed, BLOCKED);
            assertServed(bed, 20);
            bed.until("everything is occupied", () -> {
                assertServed(bed, 1);
                return bed.engine.stats().resetsForRoom() > 0;
            });
            assertServed(bed, 20);
            long ended = bed.reports.sides.stream().filter(side -> side.closeErrno == Errno.ENOBUFS).count();
            assertThat(ended).isEqualTo(bed.engine.stats().resetsForRoom());
        });
    }

    @Test
    void nobodyIsEndedWhileCopyMemoryIsLeft() {
        try (Bed bed = Bed.sim(FEW.withCopyBytesMax(1 << 20))) {
            block(bed, BLOCKED);
            assertServed(bed, 100);
            assertThat(bed.engine.stats().resetsForRoom()).isZero();
        }
    }

    @Test
    void nobodyIsEndedWhileNobodyStarves() {
        try (Bed bed = Bed.sim(FEW)) {
            block(bed, 5);
            long begin = bed.kernel.nanoTime();
            while (bed.kernel.nanoTime() - begin < 8 * LastResort.PATIENCE_NANOS) {
                bed.turn();
            }
            assertThat(bed.engine.stats().resetsForRoom()).isZero();
            assertThat(bed.engine.stats().connections()).isEqualTo(5);
        }
    }

    @Test
    void whoeverWasHeldBackReceivesEverythingOnceItReads() {
        try (Bed bed = Bed.sim(FEW)) {
            List<Client> clients = block(bed, 5);
            bed.turns(100);
            clients.forEach(Client::resume);
            bed.until("all echoed", () -> clients.stream().allMatch(client -> client.receivedCount() == 60_000));
            clients.forEach(client -> assertThat(client.received()).isEqualTo(random(60_000)));
            assertThat(bed.engine.stats().resetsForRoom()).isZero();
        }
    }

    /** A connection with parked bytes and a blocked send, which takes no more in because others use up copy memory. */
    private static final class HeldBack {
        final Client client;
        final Side side;
        final Client other;

        HeldBack(Bed bed) {
            bed.reports.onAccepted = each -> {
                Bed.narrow(each);
                each.connection.start(false);
            };
            client = bed.connectNarrow();
            client.stall();
            side = bed.accepted();
            side.connection.leaveCredit();
            client.send(random(10));
            bed.until("parked", () -> side.connection.bytesIn == 10);
            side.connection.sendInPlace(Arena.ofAuto().allocate(60_000), 1);
            other = bed.connectNarrow();
            other.stall();
            Side taker = bed.accepted();
            taker.connection.send(new byte[15 << 10], 0, 15 << 10, 1);
            bed.turns(10);
            assertThat(bed.engine.leases().copiesFree()).isZero();
            client.send(random(10));
            bed.until("held back", () -> side.connection.recv == Connection.RECV_IDLE);
            assertThat(side.connection.bytesIn).isEqualTo(20);
        }
    }

    @Test
    void whoeverWasHeldBackReceivesAgainOnceOthersLeaveCopyMemory() {
        try (Bed bed = Bed.sim(FEW.withLimits(Limits.OFF))) {
            HeldBack held = new HeldBack(bed);
            held.other.resume();
            bed.until("the others have read", () -> held.other.receivedCount() == 15 << 10);
            held.client.send(random(10));
            bed.until("received, though its peer reads nothing", () -> held.side.connection.bytesIn == 30);
            assertThat(held.side.sent).isEmpty();
        }
    }

    @Test
    void whoeverWasHeldBackNoticesThatItsPeerLeavesOnceItHasReadEverything() {
        try (Bed bed = Bed.sim(FEW.withLimits(Limits.OFF))) {
            HeldBack held = new HeldBack(bed);
            held.client.resume();
            bed.until("sent", () -> held.side.sent.size() == 1);
            assertThat(bed.engine.leases().copiesFree()).isZero();
            held.client.reset();
            bed.until("noticed", held.side::closed);
        }
    }
}
