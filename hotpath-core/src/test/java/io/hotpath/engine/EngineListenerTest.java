package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.Errno;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bind, accept, what accept can fail with, and the end of a listener. */
class EngineListenerTest {
    /** When a simulation begins. */
    private static final long FIRST_NANOS = SimKernel.create(1).nanoTime();

    // ---- bind ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void aSecondListenerOfTheSameAddressIsRefusedInTheWordsThatUsersLookFor(Beds beds) {
        beds.run(Bed.SMALL, 1, bed -> {
            for (int loops : new int[]{1, 2}) {
                assertThatThrownBy(() -> ListenAddress.bind(bed.engine, bed.listener.address(), 16, loops).close())
                        .isInstanceOf(BindException.class)
                        .hasMessageContaining("Address already in use")
                        .hasMessageContaining(String.valueOf(((InetSocketAddress) bed.listener.address()).getPort()));
            }
        });
    }

    @Test
    void anotherProcessCannotJoinTheShards() throws Exception {
        try (Bed bed = Bed.linux(Bed.SMALL);
                ListenAddress shards = ListenAddress.bind(bed.engine, loopback(), 16, 4);
                ServerSocketChannel stranger = ServerSocketChannel.open()) {
            stranger.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            assertThatThrownBy(() -> stranger.bind(shards.address())).isInstanceOf(BindException.class);
        }
    }

    @Test
    void twoShardsShareAPort() throws Exception {
        try (Bed bed = Bed.linux(Bed.SMALL);
                Bed other = Bed.linux(Bed.SMALL);
                ListenAddress shards = ListenAddress.bind(bed.engine, loopback(), 128, 2)) {
            bed.engine.listen(shards, 0, bed.reports);
            other.engine.listen(shards, 1, other.reports);
            assertThatIllegalStateException().isThrownBy(() -> other.engine.listen(shards, 1, other.reports))
                    .withMessageContaining("taken");
            List<SocketClient> clients = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                clients.add(SocketClient.connect(shards.address(), 0));
            }
            bed.until("all accepted", () -> {
                other.turn();
                return bed.reports.sides.size() + other.reports.sides.size() == 60;
            });
            assertThat(bed.reports.sides).isNotEmpty();
            assertThat(other.reports.sides).isNotEmpty();
            clients.forEach(SocketClient::close);
        }
    }

    @Test
    void closesTheSocketsThatNoLoopTook() throws Exception {
        try (Bed bed = Bed.linux(Bed.SMALL)) {
            ListenAddress shards = ListenAddress.bind(bed.engine, loopback(), 16, 3);
            shards.close();
            shards.close();
            ListenAddress.bind(bed.engine, shards.address(), 16, 1).close();
        }
    }

    // ---- accept -------------------------------------------------------------------------------------------------

    @Test
    void goesOnAcceptingWhenEveryAcceptEndsItsMultishot() {
        try (Bed bed = Bed.sim(1, SimFaults.none().withLostMore(1), Bed.SMALL)) {
            for (int i = 0; i < 20; i++) {
                bed.connect();
            }
            bed.until("all accepted", () -> bed.reports.sides.size() == 20);
            assertThat(bed.sim().counters().lostMore()).isGreaterThanOrEqualTo(20);
        }
    }

    @Test
    void atTheLimitOfDescriptorsItBacksOffAndGoesOnWhenTheLimitRises() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            bed.sim().descriptorLimit(8);
            for (int i = 0; i < 20; i++) {
                bed.connect();
            }
            bed.turns(2_000);
            int before = bed.reports.sides.size();
            assertThat(before).isLessThan(20);
            long errors = bed.engine.stats().acceptErrors();
            assertThat(errors).as("errors in two seconds of back-off").isBetween(1L, 12L);
            bed.sim().descriptorLimit(1_000);
            bed.until("all accepted", () -> bed.reports.sides.size() == 20);
            assertThat(bed.engine.stats().unexpectedErrnos()).isZero();
        }
    }

    @Test
    void atTheLimitOfDescriptorsItGoesOnWhenOneIsClosed() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            bed.sim().descriptorLimit(6);
            for (int i = 0; i < 10; i++) {
                bed.connect();
            }
            for (int served = 0; served < 10; served++) {
                int expected = served + 1;
                bed.until("the next one", () -> bed.reports.sides.size() >= expected);
                bed.reports.sides.get(served).connection.reset();
            }
            bed.until("all closed", () -> bed.engine.connections() == 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {
        Errno.ECONNABORTED, Errno.EINTR, Errno.EAGAIN, Errno.EPROTO, Errno.ENETDOWN, Errno.ENOPROTOOPT, Errno.EHOSTDOWN,
        Errno.ENONET, Errno.EHOSTUNREACH, Errno.EOPNOTSUPP, Errno.ENETUNREACH
    })
    void anErrorOfOneConnectionDoesNotEndAccept(int errno) {
        try (Bed bed = failingAccept(errno)) {
            bed.connect();
            bed.accepted();
            assertThat(bed.engine.stats().acceptErrors()).isEqualTo(1);
            assertThat(bed.kernel.nanoTime() - FIRST_NANOS).as("at once").isLessThan(5_000_000);
            assertThat(bed.listener.closed()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM, Errno.EPERM})
    void anErrorOfTheHostIsWaitedOut(int errno) {
        try (Bed bed = failingAccept(errno)) {
            bed.connect();
            bed.accepted();
            assertThat(bed.engine.stats().acceptErrors()).isEqualTo(1);
            assertThat(bed.kernel.nanoTime() - FIRST_NANOS).as("after a pause").isGreaterThan(10_000_000);
            assertThat(bed.listener.closed()).isFalse();
        }
    }

    @Test
    void anErrorThatIsOurFaultEndsTheListenerAndSaysSo() {
        Bed bed = failingAccept(Errno.EINVAL);
        bed.until("closed", () -> bed.reports.listenersClosed == 1);
        assertThat(bed.reports.listenerErrno).isEqualTo(Errno.EINVAL);
        assertThat(bed.engine.stats().unexpectedErrnos()).isEqualTo(1);
        bed.engine.close();
        assertThat(bed.sim().openDescriptors()).isZero();
    }

    /** The first accept fails with {@code errno}. */
    private static Bed failingAccept(int errno) {
        TamperedKernel kernel = new TamperedKernel(SimKernel.create(1), TamperedKernel.FAILING_ACCEPT);
        kernel.acceptErrno = errno;
        return Bed.tampered(kernel, Bed.SMALL);
    }

    @ParameterizedTest
    @EnumSource
    void oneConnectionMoreThanTheMaximumIsReset(Beds beds) {
        beds.run(Bed.SMALL.withConnectionsMax(3), bed -> {
            for (int i = 0; i < 3; i++) {
                bed.connect();
                bed.accepted();
            }
            Client fourth = bed.connect();
            bed.until("reset", fourth::sawReset);
            assertThat(bed.engine.stats().refused()).isEqualTo(1);
            bed.reports.sides.getFirst().connection.reset();
            bed.until("room", () -> bed.engine.connections() == 2);
            bed.connect().send(bytes("x"));
            Side side = bed.accepted();
            bed.until("served", () -> side.received() == 1);
            side.releaseAll();
        });
    }

    // ---- the end ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @EnumSource
    void aClosedListenerAcceptsNoMoreAndItsConnectionsLiveOn(Beds beds) {
        beds.run(bed -> {
            Client client = bed.connect();
            Side side = bed.accepted();
            side.reaction = Side.ECHO;
            bed.listener.close();
            bed.listener.close();
            assertThat(bed.reports.listenersClosed).as("never from inside the call").isZero();
            bed.until("closed", () -> bed.reports.listenersClosed == 1);
            assertThat(bed.reports.listenerErrno).isZero();
            assertThat(bed.listener.closed()).isTrue();
            client.send(bytes("still here"));
            bed.until("echoed", () -> client.receivedCount() == 10);
            assertThat(bed.listenAgain()).isNotSameAs(bed.listener);
            bed.connect();
            bed.accepted();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aListenerThatClosesResetsWhoWaitsUnseen(Beds beds) {
        beds.run(bed -> {
            bed.engine.requireCredit();
            Client client = bed.connect();
            bed.until("waits", () -> bed.engine.connections() == 1);
            bed.listener.close();
            bed.until("closed", () -> bed.reports.listenersClosed == 1 && bed.engine.connections() == 0);
            bed.until("reset", client::sawReset);
            assertThat(bed.reports.sides).isEmpty();
            bed.assertNothingLeft();
        });
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
}
