package io.hotpath.engine;

import static io.hotpath.engine.EngineContractTest.bytes;
import static io.hotpath.engine.EngineContractTest.random;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.hotpath.Errno;
import io.hotpath.kernel.sim.SimPeer;
import io.hotpath.kernel.sim.SimPeerListener;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The engine as a client. */
class EngineConnectTest {
    @ParameterizedTest
    @EnumSource
    void connectsAndBytesGoBothWays(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> {
                side.reaction = Side.ECHO;
                side.connection.start(true);
                side.connection.request(Long.MAX_VALUE);
            };
            Side client = bed.connectOut(bed.listener.address());
            client.reaction = Side.RELEASE;
            assertThat(client.connects).isZero();
            bed.until("connected", () -> client.connects == 1);
            byte[] content = random(5_000);
            client.connection.start(false);
            client.connection.request(Long.MAX_VALUE);
            client.connection.send(content, 0, content.length, 1);
            bed.until("echoed", () -> client.received() == content.length);
            assertThat(client.bytes()).isEqualTo(content);
            client.connection.close();
            bed.until("all closed", () -> bed.engine.connections() == 0);
            assertThat(client.closeErrno).isZero();
            bed.assertNothingLeft();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionThatWasStartedBeforeItStoodReceives(Beds beds) {
        beds.run(bed -> {
            bed.reports.onAccepted = side -> side.connection.send(bytes("hello"), 0, 5, 1);
            Side client = bed.connectOut(bed.listener.address());
            client.connection.start(false);
            client.connection.request(Long.MAX_VALUE);
            client.connection.send(bytes("too early"), 0, 9, 1);
            bed.until("received", () -> client.received() == 5);
            assertThat(client.connects).isEqualTo(1);
            assertThat(client.sent).containsExactly(new Side.Sent(1, 0, Errno.ENOTCONN));
            client.releaseAll();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aRefusedConnectIsClosedWithItsError(Beds beds) {
        beds.run(bed -> {
            Side client = bed.connectOut(nobody());
            client.connection.start(true);
            bed.until("closed", client::closed);
            assertThat(client.closeErrno).isEqualTo(Errno.ECONNREFUSED);
            assertThat(client.connects).isZero();
            bed.assertNothingLeft();
        });
    }

    @Test
    void aConnectThatNobodyAnswersTimesOut() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            SimPeerListener peers = bed.sim().listenPeer(9);
            peers.silent(true);
            Side client = bed.connectOut(peers.address());
            long before = bed.kernel.nanoTime();
            bed.until("closed", client::closed);
            assertThat(client.closeErrno).isEqualTo(Errno.ETIMEDOUT);
            assertThat(bed.kernel.nanoTime() - before).isBetween(1_000_000_000L, 1_100_000_000L);
            bed.assertNothingLeft();
        }
    }

    @Test
    void aConnectThatIsGivenUpIsClosedOnce() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            SimPeerListener peers = bed.sim().listenPeer(9);
            peers.silent(true);
            Side client = bed.connectOut(peers.address());
            bed.turns(3);
            client.connection.close();
            bed.until("closed", client::closed);
            bed.turns(2_000);
            assertThat(client.closes).isEqualTo(1);
            assertThat(client.connects).isZero();
            bed.assertNothingLeft();
        }
    }

    @Test
    void talksToAServer() {
        try (Bed bed = Bed.sim(Bed.SMALL)) {
            SimPeerListener peers = bed.sim().listenPeer(9);
            Side client = bed.connectOut(peers.address());
            client.reaction = Side.RELEASE;
            bed.until("connected", () -> client.connects == 1);
            SimPeer server = peers.accept();
            client.connection.start(true);
            client.connection.request(Long.MAX_VALUE);
            client.connection.send(bytes("question"), 0, 8, 1);
            bed.until("asked", () -> server.receivedCount() == 8);
            server.send("answer");
            server.finish();
            bed.until("closed", client::closed);
            assertThat(client.bytes()).isEqualTo(bytes("answer"));
            assertThat(server.sawFin()).isTrue();
        }
    }

    @Test
    void whatCannotBeginLeavesNothingBehind() {
        try (Bed bed = Bed.sim(Bed.SMALL.withConnectionsMax(1))) {
            int descriptors = bed.sim().openDescriptors();
            SocketAddress unresolved = InetSocketAddress.createUnresolved("nowhere.invalid", 1);
            assertThatIllegalArgumentException().isThrownBy(() -> bed.connectOut(unresolved)).withMessageContaining(
                    "resolve");
            bed.connectOut(nobody());
            assertThatIllegalStateException().isThrownBy(() -> bed.connectOut(nobody())).withMessageContaining(
                    "connectionsMax");
            bed.until("closed", () -> bed.engine.connections() == 0);
            assertThat(bed.sim().openDescriptors()).isEqualTo(descriptors);
        }
    }

    /** A port that nobody listens on. */
    private static SocketAddress nobody() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalSocketAddress();
        } catch (java.io.IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anAddressThatDoesNotFitLeavesNoSocketBehind(Beds beds) {
        beds.run(bed -> {
            SocketAddress tooLong = UnixDomainSocketAddress.of("/" + "x".repeat(200));
            assertThatIllegalArgumentException().isThrownBy(() -> bed.connectOut(tooLong));
            bed.until("closed", () -> bed.engine.connections() == 0);
            bed.assertNothingLeft();
        });
    }
}
