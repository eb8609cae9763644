package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** A listener leaves the others of its port, one step at a time; {@code ShardsIT} has it under load. */
class ListenerLeaveTest {
    private static final int BEFORE = 40;

    /** So many that some of them would go to the one that leaves. */
    private static final int AFTER = 160;

    private static final long DRAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    @ParameterizedTest
    @EnumSource
    void theOnlyListenerOfAnAddressClosesAtOnce(Beds beds) {
        beds.run(Bed.SMALL, 5, bed -> {
            bed.listener.leave(TimeUnit.DAYS.toNanos(1));
            bed.listener.leave(0);
            assertThat(bed.reports.listenersClosed).as("never from inside the call").isZero();
            bed.until("closed", () -> bed.reports.listenersClosed == 1);
            assertThat(bed.reports.listenerErrno).isZero();
        });
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.INCLUDE, names = {"EPOLL", "LINUX"})
    void newClientsGoToTheOthersAndWhoWaitsIsServed(Beds beds) throws Exception {
        try (Bed leaving = open(beds);
                Bed staying = open(beds);
                ListenAddress shards = ListenAddress.bind(leaving.engine, loopback(), 1024, 2)) {
            Listener listener = leaving.engine.listen(shards, 0, leaving.reports);
            staying.engine.listen(shards, 1, staying.reports);
            List<SocketClient> clients = new ArrayList<>();
            connect(clients, shards, BEFORE); // into both backlogs
            listener.leave(DRAIN_NANOS);
            connect(clients, shards, AFTER); // past the one that leaves
            leaving.until("it is closed, and all are accepted", () -> {
                staying.turn();
                clients.forEach(SocketClient::pump);
                return listener.closed() && accepted(leaving) + accepted(staying) == BEFORE + AFTER;
            });
            assertThat(accepted(leaving)).as("of those that came before").isBetween(1, BEFORE);
            assertThat(clients).noneMatch(SocketClient::sawReset);

            int before = accepted(staying);
            assertThatIllegalStateException().isThrownBy(() -> shards.reopen(1)).withMessageContaining("open");
            shards.reopen(0);
            leaving.engine.listen(shards, 0, leaving.reports);
            int left = accepted(leaving);
            connect(clients, shards, AFTER);
            leaving.until("both are served again", () -> {
                staying.turn();
                return accepted(leaving) + accepted(staying) == BEFORE + 2 * AFTER;
            });
            assertThat(accepted(leaving)).as("the filter is gone").isGreaterThan(left);
            assertThat(accepted(staying)).isGreaterThan(before);
            clients.forEach(SocketClient::close);
        }
    }

    /** Also where nobody can be steered: then it only waits before it closes. */
    @ParameterizedTest
    @EnumSource
    void itAcceptsUntilItsTimeIsOverAndTheOthersGoOn(Beds beds) {
        beds.run(Bed.SMALL, 5, bed -> {
            try (ListenAddress shards = ListenAddress.bind(bed.engine, address(beds), 16, 2)) {
                Listener leaving = bed.engine.listen(shards, 0, bed.reports);
                Listener staying = bed.engine.listen(shards, 1, bed.reports);
                leaving.leave(DRAIN_NANOS);
                bed.turns(1);
                assertThat(leaving.closed()).isFalse();
                bed.until("closed", leaving::closed);
                assertThat(staying.closed()).isFalse();
                assertThat(bed.reports.listenersClosed).isEqualTo(1);
            } catch (java.io.IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        });
    }

    private static Bed open(Beds beds) {
        return beds == Beds.EPOLL ? Bed.epoll(Bed.SMALL.withConnectionsMax(1024))
                : Bed.linux(Bed.SMALL.withConnectionsMax(1024));
    }

    private static void connect(List<SocketClient> clients, ListenAddress shards, int count) {
        for (int i = 0; i < count; i++) {
            clients.add(SocketClient.connect(shards.address(), 0));
        }
    }

    private static int accepted(Bed bed) {
        return bed.reports.sides.size();
    }

    /** A simulated port is a number like any other. */
    private static InetSocketAddress address(Beds beds) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), beds.real() ? 0 : 7070);
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
}
