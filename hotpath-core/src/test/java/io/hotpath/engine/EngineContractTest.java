package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.hotpath.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The five promises of an engine (DESIGN.md, section 4), on the simulated and on the real kernel. */
class EngineContractTest {
    private static final MemorySegment ROOM = Arena.global().allocate(8);
    // ---- 1. accept is first -------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void receivesNothingBeforeStart(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> {};
            Client client = bed.connect();
            client.send(bytes("early"));
            Side side = bed.accepted();
            bed.turns(5);
            assertThat(side.receives).isZero();
            assertThat(bed.engine.stats().receives()).isZero();
            side.connection.start(false);
            side.connection.request(Long.MAX_VALUE);
            bed.until("received", () -> side.received() == 5);
            assertThat(side.bytes()).isEqualTo(bytes("early"));
            side.releaseAll();
        });
    }

    @ParameterizedTest
    @EnumSource
    void acceptComesBeforeAnythingElseOfAConnectionThatIsGoneAlready(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> {
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
            };
            Client gone = bed.connect();
            gone.send(bytes("bye"));
            gone.finish();
            Client reset = bed.connect();
            reset.reset();
            Side first = bed.accepted();
            bed.until("both accepted", () -> bed.reports.sides.size() == 2);
            Side second = bed.reports.sides.get(1);
            bed.until("second closed", second::closed);
            bed.until("first ended", () -> first.inputEnds == 1);
            first.releaseAll();
            bed.until("first closed", first::closed);
            assertThat(first.bytes()).isEqualTo(bytes("bye"));
            assertThat(first.closeErrno).isZero();
            assertThat(second.closeErrno).isIn(Errno.ECONNRESET, Errno.EPIPE);
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionNeedsAHandlerToStart(Beds beds) {
        beds.run(bed -> {
            AtomicReference<Throwable> refused = new AtomicReference<>();
            bed.reports.onConnection = connection -> {
                refused.set(catches(() -> connection.start(true)));
                connection.reset();
            };
            bed.connect();
            bed.until("refused", () -> refused.get() != null);
            assertThat(refused.get()).hasMessageContaining("adopt");
            bed.until("gone", () -> bed.engine.connections() == 0);
        });
    }

    // ---- 2. receives in byte order, one lease each --------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void receivesInByteOrderAndHoldsOneBufferPerReceive(Beds beds) {
        beds.run(bed -> {
            byte[] sent = random(20_000);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(sent);
            while (side.received() < sent.length) {
                int receives = side.receives;
                bed.until("more", () -> side.receives > receives || side.received() == sent.length);
                bed.turns(2);
                assertThat(side.connection.held()).isEqualTo(side.held.size());
                assertThat(bed.engine.stats().leasesHeld()).isEqualTo(side.held.size());
                side.release(Math.max(1, side.held.size() - 1));
            }
            assertThat(side.bytes()).isEqualTo(sent);
            side.releaseAll();
            side.connection.reset();
            bed.until("closed", side::closed);
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aLeaseKeepsItsBytesWhileOthersComeAndGo(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("keep me"));
            bed.until("received", () -> side.received() == 7);
            List<Long> kept = List.copyOf(side.held);
            side.reaction = Side.RELEASE;
            client.send(random(50_000));
            bed.until("all", () -> side.received() == 50_007);
            assertThat(text(bed, kept)).isEqualTo("keep me");
            side.releaseAll();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aStaleLeaseThrowsEverywhereAlsoWhenItsSlotHoldsAnotherClientsBytes(Beds beds) {
        beds.run(bed -> {
            Leases leases = bed.engine.leases();
            bed.connect().send(bytes("first"));
            Side first = bed.accepted();
            bed.until("received", () -> !first.held.isEmpty());
            List<Long> old = List.copyOf(first.held);
            first.releaseAll();
            assertStale(bed, first, old);

            Client client = bed.connect();
            Side second = bed.accepted();
            second.reaction = (side, lease, length) -> {
                if (old.stream().anyMatch(o -> (o.intValue() == (int) lease))) {
                    side.held.add(lease);
                } else {
                    side.leases().release(lease);
                }
            };
            bed.until("the slot holds another client's bytes", () -> {
                client.send(bytes("second"));
                return second.held.size() >= Math.min(2, old.size());
            });
            assertStale(bed, first, old);
            assertThat(leases.held(second.held.getFirst())).isTrue();
            assertThat(leases.byteAt(second.held.getFirst(), 0)).isBetween((byte) 'a', (byte) 'z');
            second.releaseAll();
        });
    }

    private static void assertStale(Bed bed, Side side, List<Long> old) {
        everyUse(side, old);
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread other = new Thread(() -> {
            try {
                everyReadAndRelease(side.leases(), old);
            } catch (Throwable thrown) {
                failed.set(thrown);
            }
        });
        other.start();
        try {
            other.join(Duration.ofSeconds(10));
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
        assertThat(failed.get()).isNull();
        assertThat(bed.engine.stats().staleLeases()).isPositive();
    }

    private static void everyUse(Side side, List<Long> old) {
        everyReadAndRelease(side.leases(), old);
        for (long lease : old) {
            assertThatIllegalStateException().isThrownBy(() -> side.connection.send(lease, 1)).withMessageContaining(
                    "stale");
        }
    }

    private static void everyReadAndRelease(Leases leases, List<Long> old) {
        for (long lease : old) {
            assertThat(leases.held(lease)).isFalse();
            assertThatIllegalStateException().isThrownBy(() -> leases.length(lease)).withMessageContaining("stale");
            assertThatIllegalStateException().isThrownBy(() -> leases.byteAt(lease, 0));
            assertThatIllegalStateException().isThrownBy(() -> leases.copy(lease, 0, new byte[1], 0, 1));
            assertThatIllegalStateException().isThrownBy(() -> leases.copy(lease, 0, ByteBuffer.allocate(1), 1));
            assertThatIllegalStateException().isThrownBy(() -> leases.copy(lease, 0, ROOM.address(), 1));
            assertThatIllegalStateException().isThrownBy(() -> leases.release(lease)).withMessageContaining("stale");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLeaseThatWasSentIsStaleAtOnce(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            client.send(bytes("x"));
            Side side = bed.accepted();
            bed.until("received", () -> !side.held.isEmpty());
            List<Long> leases = List.copyOf(side.held);
            side.connection.send(side.held.remove(), 9);
            everyUse(side, leases);
            bed.until("echoed", () -> client.receivedCount() == 1);
        });
    }

    @ParameterizedTest
    @EnumSource
    void aLeaseShowsItsBytesOnlyAndOnlyToItsEngine(Beds beds) {
        beds.run(bed -> {
            Leases leases = bed.engine.leases();
            bed.connect().send(bytes("abc"));
            Side side = bed.accepted();
            bed.until("received", () -> side.received() == 3);
            long lease = side.held.getFirst();
            int length = leases.length(lease);
            for (int index : new int[]{-1, length, Integer.MAX_VALUE}) {
                assertThat(catches(() -> leases.byteAt(lease, index))).isInstanceOf(IndexOutOfBoundsException.class);
            }
            assertThat(catches(() -> leases.copy(lease, 1, new byte[length], 0, length)))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThat(catches(() -> leases.copy(lease, 1, ROOM.address(), length)))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            leases.copy(lease, 0, ROOM.address(), length);
            assertThat(ROOM.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE))
                    .isEqualTo(bytes("abc".substring(0, length)));
            for (long foreign : new long[]{-1, Long.MIN_VALUE, lease ^ (1 << 21), lease ^ (1L << 40)}) {
                assertThat(catches(() -> leases.release(foreign))).isInstanceOf(IllegalStateException.class);
            }
            assertThat(leases.held(lease)).isTrue();
            side.releaseAll();
        });
    }

    @ParameterizedTest
    @EnumSource
    void anotherThreadMayReleaseAndTheLoopTakesTheBufferBack(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(random(5_000));
            bed.until("held", () -> side.held.size() > 1);
            releaseElsewhere(side);
            bed.until("all received", () -> {
                releaseElsewhere(side);
                return side.received() == 5_000;
            });
            releaseElsewhere(side);
            side.connection.reset();
            bed.until("closed", side::closed);
            bed.assertNothingLeft();
        });
    }

    private static void releaseElsewhere(Side side) {
        if (side.held.isEmpty()) {
            return;
        }
        Thread other = new Thread(side::releaseAll);
        other.start();
        try {
            other.join(Duration.ofSeconds(10));
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    // ---- 3. one sent per send call ------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void reportsOneSentPerCallInOrderHoweverManyShareASubmission(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            client.send(bytes("lease"));
            bed.until("received", () -> side.received() == 5);
            StringBuilder expected = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                String text = "<" + "-".repeat(i * 7) + ">";
                side.connection.send(bytes(text), 0, text.length(), 100 + i);
                expected.append(text);
            }
            int leaseCount = side.held.size();
            while (!side.held.isEmpty()) {
                side.connection.send(side.held.remove(), 200 + side.held.size());
            }
            side.connection.send(ByteBuffer.wrap(bytes("end")), 300);
            bed.until("sent", () -> side.sent.size() == 21 + leaseCount);
            bed.until("arrived", () -> client.receivedCount() == expected.length() + 8);
            assertThat(new String(client.received(), StandardCharsets.US_ASCII)).isEqualTo(expected + "leaseend");
            for (int i = 0; i < 20; i++) {
                assertThat(side.sent.get(i)).isEqualTo(new Side.Sent(100 + i, 2 + i * 7, 0));
            }
            assertThat(side.sent.getLast()).isEqualTo(new Side.Sent(300, 3, 0));
            assertThat(bed.engine.stats().sends()).isLessThanOrEqualTo(3);
        });
    }

    @ParameterizedTest
    @EnumSource
    void continuesShortSendsAndSubmitsOneAtATime(Beds beds) {
        beds.run(bed -> {
            byte[] large = random(150_000);
            Client client = bed.connect();
            Side side = bed.accepted();
            client.stall();
            side.connection.send(large, 0, 100_000, 1);
            bed.turns(5);
            side.connection.send(large, 100_000, 50_000, 2);
            bed.turns(5);
            client.resume();
            bed.until("all", () -> client.receivedCount() == large.length && side.sent.size() == 2);
            assertThat(client.received()).isEqualTo(large);
            assertThat(side.sent).containsExactly(new Side.Sent(1, 100_000, 0), new Side.Sent(2, 50_000, 0));
            assertThat(side.connection.outboundBytes()).isZero();
        });
    }

    @ParameterizedTest
    @EnumSource
    void failsWhatWasNotSentBeforeClosed(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            client.stall();
            Bed.narrow(side);
            side.connection.send(bytes("head"), 0, 4, 7);
            byte[] much = random(100_000);
            for (int i = 0; i < 100; i++) {
                side.connection.send(much, 0, much.length, i); // beyond copy memory these are refused, in their order
            }
            bed.turns(3);
            side.connection.reset();
            bed.until("closed", side::closed);
            assertThat(side.sent).hasSize(101);
            assertThat(side.sent.getLast()).isEqualTo(new Side.Sent(99, 0, Errno.ENOBUFS));
            assertThat(side.sent.stream().map(Side.Sent::errno)).contains(Errno.ECANCELED);
            for (int i = 1; i < 101; i++) {
                Side.Sent sent = side.sent.get(i);
                assertThat(sent.token()).isEqualTo(i - 1);
                assertThat(sent.bytes()).isBetween(0L, 100_000L);
                assertThat(sent.bytes() == 100_000).isEqualTo(sent.errno() == 0);
            }
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aPeerThatResetsFailsTheSendInFlight(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            Bed.narrow(side);
            client.stall();
            byte[] much = random(200_000);
            side.connection.send(much, 0, much.length, 5);
            bed.turns(3);
            client.reset();
            bed.until("closed", side::closed);
            assertThat(side.closeErrno).isIn(Errno.ECONNRESET, Errno.EPIPE);
            assertThat(side.sent).hasSize(1);
            assertThat(side.sent.getFirst().errno()).isIn(Errno.ECONNRESET, Errno.EPIPE);
            assertThat(side.sent.getFirst().bytes()).isLessThan(much.length);
            bed.assertNothingLeft();
        });
    }

    // ---- 4. close is once and last ------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void closesInOrderAfterEverythingWentOut(Beds beds) {
        beds.run(bed -> {
            byte[] answer = random(60_000);
            Client client = bed.connect();
            Side side = bed.accepted();
            side.connection.send(answer, 0, answer.length, 1);
            side.connection.close();
            side.connection.close();
            assertThat(side.connection.open()).isFalse();
            bed.until("arrived", () -> client.receivedCount() == answer.length && client.sawFin());
            client.finish();
            bed.until("closed", side::closed);
            assertThat(client.received()).isEqualTo(answer);
            assertThat(side.closeErrno).isZero();
            assertThat(side.sent).containsExactly(new Side.Sent(1, answer.length, 0));
            assertThat(bed.engine.stats().closedInOrder()).isEqualTo(1);
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void refusesASendAfterCloseAndSaysSoBeforeClosed(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            client.send(bytes("hold"));
            Side side = bed.accepted();
            bed.until("received", () -> side.received() == 4);
            side.connection.send(bytes("last"), 0, 4, 1);
            side.connection.close();
            side.connection.send(bytes("late"), 0, 4, 2);
            int leases = side.held.size();
            while (!side.held.isEmpty()) {
                side.connection.send(side.held.remove(), 3);
            }
            side.onClosed = () -> side.connection.send(bytes("too late"), 0, 8, 4);
            client.finish();
            bed.until("closed", side::closed);
            assertThat(side.sent).hasSize(2 + leases);
            assertThat(side.sent.getFirst()).isEqualTo(new Side.Sent(1, 4, 0));
            assertThat(side.sent.subList(1, side.sent.size())).allMatch(s -> s.errno() == Errno.EPIPE);
            assertThat(client.received()).isEqualTo(bytes("last"));
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aBlockedSendAndNoReceiveInFlightDoNotHoldUpAReset(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connectNarrow();
            Side side = bed.accepted();
            client.stall();
            Bed.narrow(side);
            byte[] much = random(16_000);
            client.send(much);
            bed.until("at its quota", () -> bed.engine.stats().parks() > 0);
            for (int i = 0; i < 10; i++) {
                side.connection.send(much, 0, much.length, i);
            }
            bed.turns(5);
            assertThat(side.connection.recv).isEqualTo(Connection.RECV_IDLE);
            side.connection.reset();
            int turns = (int) bed.engine.stats().turns();
            bed.until("closed", side::closed);
            assertThat((int) bed.engine.stats().turns() - turns).isLessThan(100);
            assertThat(client.sawReset() || beds.real()).isTrue();
            side.releaseAll();
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void theSlotHasANewGenerationAndTheDescriptorMayBeReusedAtOnce(Beds beds) {
        beds.run(bed -> {
            byte[] sent = random(300);
            for (int round = 0; round < 10; round++) {
                Client client = bed.connect();
                Side side = bed.accepted();
                side.reaction = Side.ECHO;
                client.send(sent);
                bed.until("echoed", () -> client.receivedCount() == sent.length);
                assertThat(client.received()).isEqualTo(sent);
                assertThat(side.connection.slot()).isZero();
                assertThat(side.connection.generation).isEqualTo(round);
                if (round % 2 == 0) {
                    client.send(sent); // lost by the reset, and so completes late
                    side.connection.reset();
                } else {
                    client.finish();
                    side.connection.close();
                }
                bed.until("closed", side::closed);
                assertThat(side.connection.closed()).isTrue();
                assertThat(side.connection.held()).isZero();
            }
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aClosedConnectionDoesNothingMore(Beds beds) {
        beds.run(bed -> {
            bed.connect();
            Side side = bed.accepted();
            side.connection.reset();
            bed.until("closed", side::closed);
            Client next = bed.connect();
            Side other = bed.accepted();
            Connection old = side.connection;
            old.start(true);
            old.request(5);
            old.shutdownOutput();
            old.close();
            old.reset();
            old.send(bytes("x"), 0, 1, 1);
            assertThat(old.setOption(1, 9, 1)).isEqualTo(-Errno.EBADF);
            next.send(bytes("alive"));
            bed.until("the other lives", () -> other.received() == 5);
            assertThat(side.closes).isEqualTo(1);
            assertThat(side.sent).isEmpty();
            other.releaseAll();
        });
    }

    // ---- 5. one thread, one event at a time ---------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void nothingIsReportedFromInsideAReport(Beds beds) {
        beds.run(bed -> { // Reports notices a nested report
            bed.engine.requireCredit();
            bed.engine.request(1);
            bed.reports.onAccepted = side -> {
                side.connection.start(false);
                side.connection.request(1);
                bed.engine.request(100);
                side.connection.send(bytes("hello"), 0, 5, 1);
                side.connection.send(new byte[0], 0, 0, 2);
                bed.listener.close();
            };
            Client client = bed.connect();
            client.send(bytes("abcdef"));
            Side side = bed.accepted();
            side.reaction = (s, lease, length) -> {
                s.connection.request(10);
                s.connection.send(lease, 3);
                s.connection.send(bytes("!"), 0, 1, 4);
            };
            side.onInputEnded = () -> side.connection.close();
            bed.until("answered", () -> client.receivedCount() >= 12);
            client.finish();
            bed.until("closed", side::closed);
            bed.until("listener closed", () -> bed.reports.listenersClosed == 1);
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aReportMayNotTurnOrCloseTheEngine(Beds beds) {
        beds.run(bed -> {
            AtomicReference<Throwable> closing = new AtomicReference<>();
            bed.reports.onAccepted = side -> closing.set(catches(bed.engine::close));
            bed.connect();
            bed.accepted();
            assertThat(closing.get()).isInstanceOf(IllegalStateException.class).hasMessageContaining("report");
        });
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerThatThrowsLosesItsConnectionAndNothingElse(Beds beds) {
        beds.run(bed -> {
            bed.expectsHandlerFailures = true;
            Client good = bed.connect();
            Side other = bed.accepted();
            other.reaction = Side.ECHO;
            Client bad = bed.connect();
            Side side = bed.accepted();
            side.reaction = (s, lease, length) -> {
                throw new IllegalStateException("a handler's own trouble");
            };
            bad.send(bytes("boom"));
            bed.until("closed", side::closed);
            bed.until("seen", bad::sawReset);
            good.send(bytes("fine"));
            bed.until("echoed", () -> good.receivedCount() == 4);
            assertThat(bed.engine.stats().handlerFailures()).isEqualTo(1);
            assertThat(bed.engine.stats().leasesHeld()).isZero();
            other.connection.reset();
            bed.until("closed", other::closed);
            bed.assertNothingLeft();
        });
    }

    // ---- helpers ------------------------------------------------------------------------------------------------

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] random(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    static Throwable catches(Runnable action) {
        try {
            action.run();
        } catch (Throwable thrown) {
            return thrown;
        }
        throw new AssertionError("nothing was thrown");
    }

    private static String text(Bed bed, List<Long> leases) {
        StringBuilder text = new StringBuilder();
        for (long lease : leases) {
            byte[] copy = new byte[bed.engine.leases().length(lease)];
            bed.engine.leases().copy(lease, 0, copy, 0, copy.length);
            text.append(new String(copy, StandardCharsets.US_ASCII));
        }
        return text.toString();
    }
}
