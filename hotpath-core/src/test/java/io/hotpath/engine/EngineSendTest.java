package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.bytes;
import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.hotpath.Errno;
import io.hotpath.kernel.Abi;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes out: from where, in what order, how much of it, and what is refused. */
class EngineSendTest {
    @ParameterizedTest
    @EnumSource
    void gathersEveryKindOfMemoryInOrder(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("[lease]"));
            bed.until("received", () -> side.received() == 7);
            Connection c = side.connection;
            MemorySegment memory = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes("[in place]"));
            ByteBuffer direct = ByteBuffer.allocateDirect(20).put(bytes("xx[direct]xx")).position(2).limit(10);
            c.send(bytes("..[heap].."), 2, 6, 0);
            while (!side.held.isEmpty()) {
                c.send(side.held.remove(), 1);
            }
            c.sendInPlace(memory, 2);
            c.send(direct, 3);
            c.send(ByteBuffer.wrap(bytes("[read only]")).asReadOnlyBuffer(), 4);
            c.sendInPlace(memory.address() + 1, 2, 5);
            assertThat(direct.position()).isEqualTo(2);
            String expected = "[heap][lease][in place][direct][read only]in";
            bed.until("arrived", () -> client.receivedCount() == expected.length());
            assertThat(client.received()).isEqualTo(bytes(expected));
            bed.until("reported", () -> side.sent.size() >= 6 && side.sent.getLast().token() == 5);
            assertThat(bed.engine.stats().sends()).isEqualTo(1);
        });
    }

    @ParameterizedTest
    @EnumSource
    void smallSendsFromTheHeapShareCopyMemory(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            for (int i = 0; i < 100; i++) {
                side.connection.send(bytes("0123456789"), 0, 10, i);
            }
            assertThat(bed.engine.stats().copiesHeld()).isEqualTo(1);
            bed.until("arrived", () -> client.receivedCount() == 1_000 && side.sent.size() == 100);
            assertThat(client.received()).isEqualTo(bytes("0123456789".repeat(100)));
            assertThat(side.sent).allMatch(sent -> sent.bytes() == 10 && sent.errno() == 0);
            assertThat(bed.engine.stats().copiesHeld()).isZero();
        });
    }

    @ParameterizedTest
    @EnumSource
    void copiesOfferedMemoryWhileHalfOfTheCopyMemoryIsFree(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            client.stall();
            MemorySegment memory = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, random(5_000));
            byte[] content = memory.toArray(ValueLayout.JAVA_BYTE);
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            int taken = 0;
            while (side.connection.trySendCopy(memory.address(), content.length, taken)) {
                expected.writeBytes(content);
                taken++;
            }
            EngineStats then = bed.engine.stats();
            int all = bed.engine.config().copyBuffers();
            assertThat(then.copiesHeld()).isBetween(1,
                    all / 2 + content.length / bed.engine.config().bufferBytes() + 1);
            assertThat(then.sendsRefused()).isZero();
            memory.fill((byte) 0); // it is the caller's again
            client.resume();
            int sent = taken;
            bed.until("arrived", () -> client.receivedCount() == expected.size() && side.sent.size() == sent);
            assertThat(client.received()).isEqualTo(expected.toByteArray());
            assertThat(side.sent.stream().map(Side.Sent::token)).isSorted();
            assertThat(side.connection.trySendCopy(memory.address(), 0, 0)).isFalse();
            side.connection.reset();
            assertThat(side.connection.trySendCopy(memory.address(), 1, 0)).isFalse();
            bed.until("closed", side::closed);
            assertThat(side.sent).hasSize(sent);
            assertThat(bed.engine.stats().copiesHeld()).isZero();
        });
    }

    @ParameterizedTest
    @EnumSource
    void bytesAppendedBehindASendInFlightAreNeitherLostNorSentEarly(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            client.stall();
            byte[] content = random(150_000);
            int at = 0;
            for (int i = 0; at < content.length; i++) {
                int count = Math.min(content.length - at, 1 + (i * 701) % 5_000);
                side.connection.send(content, at, count, i);
                at += count;
                bed.turn();
            }
            client.resume();
            bed.until("arrived", () -> client.receivedCount() == content.length);
            assertThat(client.received()).isEqualTo(content);
        });
    }

    @Test
    void sends16MebibytesInPlaceThroughASmallSocketBuffer() {
        try (Bed bed = Bed.linux(Bed.SMALL.withOutbound(64 << 10, 32L << 20))) {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            byte[] content = random(16 << 20);
            side.connection.sendInPlace(Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, content), 77);
            bed.until("sent", () -> client.receivedCount() == content.length && !side.sent.isEmpty());
            assertThat(Arrays.equals(client.received(), content)).isTrue();
            assertThat(side.sent).containsExactly(new Side.Sent(77, content.length, 0));
        }
    }

    @Test
    void sends16MebibytesFromTheHeapThroughASmallSocketBuffer() {
        try (Bed bed = Bed.linux(EngineConfig.DEFAULT.withOutbound(64 << 10, 32L << 20))) {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            byte[] content = random(16 << 20);
            side.connection.send(content, 0, content.length, 78);
            bed.until("sent", () -> client.receivedCount() == content.length && !side.sent.isEmpty());
            assertThat(Arrays.equals(client.received(), content)).isTrue();
            assertThat(side.sent).containsExactly(new Side.Sent(78, content.length, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void anEmptySendIsReportedInItsOrder(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.connection.send(new byte[0], 0, 0, 1);
            side.connection.send(bytes("a"), 0, 1, 2);
            side.connection.sendInPlace(Arena.ofAuto().allocate(0), 3);
            side.connection.send(bytes("b"), 0, 1, 4);
            side.connection.send(ByteBuffer.allocate(0), 5);
            bed.until("reported", () -> side.sent.size() == 5);
            assertThat(side.sent.stream().map(Side.Sent::token)).containsExactly(1L, 2L, 3L, 4L, 5L);
            assertThat(side.sent.stream().map(Side.Sent::bytes)).containsExactly(0L, 1L, 0L, 1L, 0L);
            assertThat(side.sent).allMatch(sent -> sent.errno() == 0);
            bed.until("arrived", () -> client.receivedCount() == 2);
        });
    }

    @ParameterizedTest
    @EnumSource
    void refusesWhatIsAboveTheLimitInItsOrderAndSendsTheRest(Beds beds) {
        beds.run(Bed.SMALL.withOutbound(1 << 16, 10_000), bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            client.stall();
            byte[] content = random(10_001);
            side.connection.send(content, 0, 6_000, 1);
            side.connection.send(content, 0, 6_000, 2);
            side.connection.send(content, 6_000, 4_000, 3);
            side.connection.send(content, 0, 10_001, 4);
            assertThat(side.connection.outboundBytes()).isEqualTo(10_000);
            client.resume();
            bed.until("reported", () -> side.sent.size() == 4 && client.receivedCount() == 10_000);
            assertThat(side.sent).containsExactly(
                    new Side.Sent(1, 6_000, 0),
                    new Side.Sent(2, 0, Errno.ENOBUFS),
                    new Side.Sent(3, 4_000, 0),
                    new Side.Sent(4, 0, Errno.ENOBUFS));
            assertThat(client.received()).isEqualTo(Arrays.copyOf(content, 10_000));
        });
    }

    @ParameterizedTest
    @EnumSource
    void refusesAHeapSendThatCopyMemoryHasNoRoomForButNotAnEmptyOne(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            client.stall();
            byte[] all = random(256 << 10);
            side.connection.send(all, 0, all.length, 1);
            assertThat(bed.engine.leases().copiesFree()).isZero();
            side.connection.send(all, 0, 1, 2);
            side.connection.send(all, 0, 0, 3);
            client.resume();
            bed.until("reported", () -> side.sent.size() == 3);
            assertThat(side.sent).containsExactly(
                    new Side.Sent(1, all.length, 0), new Side.Sent(2, 0, Errno.ENOBUFS), new Side.Sent(3, 0, 0));
            bed.until("arrived", () -> client.receivedCount() == all.length);
            assertThat(client.received()).isEqualTo(all);
        });
    }

    @Test
    void refusesToSendHeapMemoryInPlace() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            bed.connect();
            Side side = bed.accepted();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> side.connection.sendInPlace(MemorySegment.ofArray(new byte[1]), 1))
                    .withMessageContaining("heap");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionThatReceivesNoMoreWhileItsPeerDoesNotReadGoesOnLater(Beds beds) {
        beds.run(Bed.SMALL.withOutbound(4_096, 1 << 20).withLeaseQuota(16), bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            side.reaction = Side.ECHO;
            client.stall();
            byte[] content = random(200_000);
            client.send(content);
            bed.until("paused", () -> side.connection.paused);
            bed.assertWaits();
            assertThat(side.connection.outboundBytes()).isBetween(2_048L, 4_096L + 16 * 1_024);
            client.resume();
            bed.until("echoed", () -> client.receivedCount() == content.length);
            assertThat(client.received()).isEqualTo(content);
        });
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionOnItsOwnDemandReceivesWhileItsPeerDoesNotRead(Beds beds) {
        beds.run(Bed.SMALL.withOutbound(4_096, 1 << 20).withCopyBytesMax(2 << 20), bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            side.reaction = Side.RELEASE;
            side.connection.leaveCredit();
            client.stall();
            byte[] answer = random(500_000);
            side.connection.send(answer, 0, answer.length, 1);
            client.send(bytes("question"));
            bed.until("received", () -> side.received() == "question".length());
            assertThat(side.connection.outboundBytes()).isGreaterThan(4_096);
            client.resume();
            bed.until("answered", () -> client.receivedCount() == answer.length);
        });
    }

    // ---- half close ---------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void answersAfterThePeerHasEndedItsSide(Beds beds) {
        beds.run(Bed.SMALL.withCopyBytesMax(2 << 20), beds.real() ? 1 : 10, bed -> {
            byte[] answer = random(1 << 20);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("question"));
            client.finish();
            side.onInputEnded = () -> side.connection.send(answer, 0, answer.length, 1);
            side.onSent = side.connection::close;
            bed.until("closed", side::closed);
            bed.until("answered", () -> client.receivedCount() == answer.length && client.sawFin());
            assertThat(Arrays.equals(client.received(), answer)).isTrue();
            assertThat(side.closeErrno).isZero();
            assertThat(client.sawReset()).isFalse();
            side.releaseAll();
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void receivesAfterItHasEndedItsOwnSide(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.RELEASE;
            side.connection.send(bytes("all I have to say"), 0, 17, 1);
            side.connection.shutdownOutput();
            side.connection.shutdownOutput();
            side.connection.send(bytes("one more"), 0, 8, 2);
            bed.until("ended", () -> client.sawFin() && client.receivedCount() == 17);
            byte[] content = random(30_000);
            client.send(content);
            bed.until("received", () -> side.received() == content.length);
            assertThat(side.bytes()).isEqualTo(content);
            assertThat(side.sent).containsExactly(new Side.Sent(1, 17, 0), new Side.Sent(2, 0, Errno.EPIPE));
            side.onInputEnded = side.connection::close;
            client.finish();
            bed.until("closed", side::closed);
            assertThat(side.closeErrno).isZero();
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void endsItsSideOnceAlsoIfItIsClosedWithTheEndStillToCome(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            client.stall();
            byte[] content = random(100_000);
            side.connection.send(content, 0, content.length, 1);
            side.connection.shutdownOutput();
            side.connection.close();
            bed.turns(5);
            client.resume();
            bed.until("ended before the linger time", () -> client.sawFin());
            assertThat(side.closes).isZero();
            assertThat(client.received()).isEqualTo(content);
            client.finish();
            bed.until("closed", side::closed);
            assertThat(side.closeErrno).isZero();
        });
    }

    @Test
    void closeDoesNotEndASideThatEndedBefore() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.connection.shutdownOutput();
            bed.until("ended", () -> client.sawFin());
            side.connection.close();
            bed.turns(10);
            client.finish();
            bed.until("closed", side::closed);
            assertThat(bed.sim().counters().completions(Abi.IORING_OP_SHUTDOWN)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesByItselfOnceItsLeasesAreSentOrReleased(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> {
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
            };
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("later"));
            client.finish();
            bed.until("ended", () -> side.inputEnds == 1);
            bed.turns(10);
            assertThat(side.closes).isZero();
            assertThat(side.connection.open()).as("still sends").isTrue();
            while (!side.held.isEmpty()) {
                side.connection.send(side.held.remove(), 1);
            }
            bed.until("closed", side::closed);
            assertThat(client.received()).isEqualTo(bytes("later"));
            assertThat(client.sawFin()).isTrue();
            assertThat(side.sent).allMatch(sent -> sent.errno() == 0);
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void closingReadsAwayWhatWouldTurnItIntoAReset(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> {}; // never started
            Client client = bed.connect();
            Side side = bed.accepted();
            side.connection.send(bytes("busy"), 0, 4, 1);
            side.connection.close();
            client.send(random(20_000));
            bed.until("ended", () -> client.sawFin());
            client.finish();
            bed.until("closed", side::closed);
            bed.turns(3);
            assertThat(client.received()).isEqualTo(bytes("busy"));
            assertThat(client.sawReset()).isFalse();
            assertThat(side.receives).isZero();
            bed.assertNothingLeft();
        });
    }

    @Test
    void aPeerThatNeverReadsIsResetWhenTheCloseTimeIsOver() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.stall();
            side.connection.send(bytes("never read"), 0, 10, 1);
            side.connection.close();
            bed.until("closed", side::closed);
            assertThat(side.sent).containsExactly(new Side.Sent(1, 0, Errno.ECANCELED));
            assertThat(client.sawReset()).isTrue();
            assertThat(bed.engine.stats().closeDeadlines()).isEqualTo(1);
            bed.assertNothingLeft();
        }
    }

    @Test
    void aPeerThatNeverEndsIsWaitedForALittleAndThenClosed() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            bed.connect();
            Side side = bed.accepted();
            long before = bed.kernel.nanoTime();
            side.connection.close();
            bed.until("closed", side::closed);
            assertThat(bed.kernel.nanoTime() - before).isBetween(900_000_000L, 1_200_000_000L);
            assertThat(side.closeErrno).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLingeringConnectionThatHoldsMoreThanItsQuotaStillReads(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(random(30_000));
            bed.until("at its quota", () -> side.connection.held() >= 8);
            bed.turns(3);
            side.connection.close();
            client.finish();
            bed.until("closed", side::closed);
            assertThat(side.closeErrno).isZero();
            side.releaseAll();
            bed.assertNothingLeft();
        });
    }
}
