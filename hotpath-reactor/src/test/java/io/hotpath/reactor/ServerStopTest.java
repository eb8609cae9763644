package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.KernelPolicy;
import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** How a server stops: at once, or letting handlers finish what they have begun. */
@Timeout(60)
class ServerStopTest {
    private static final int MIB = 1 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @RegisterExtension final Servers servers = new Servers();

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void letsResponsesFinishThatAreStillBeingProduced(KernelPolicy policy) throws Exception {
        Sinks.Many<String> production = Sinks.many().unicast().onBackpressureBuffer();
        CompletableFuture<Void> asked = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local(policy).handle((in, out) -> out.sendString(
                in.asString(UTF_8).doOnNext(request -> asked.complete(null)).flatMap(request -> production.asFlux()))));
        try (Peer peer = Peer.connect(server.port())) {
            peer.write("question");
            asked.get(20, TimeUnit.SECONDS);
            Future<?> stop = Peer.run(() -> {
                server.disposeNow(PATIENCE);
                return null;
            });
            awaitRefused(server);
            production.tryEmitNext("the whole ").orThrow();
            assertThat(peer.readText(10)).isEqualTo("the whole ");
            assertThat(stop.isDone()).isFalse();
            production.tryEmitNext("answer").orThrow();
            production.tryEmitComplete().orThrow();
            assertThat(peer.readAll()).isEqualTo("answer".getBytes(UTF_8));
            peer.end();
            stop.get(20, TimeUnit.SECONDS);
        }
    }

    private static void awaitRefused(BoundServer server) {
        Await.until("accepts no more", () -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                return socket.isClosed();
            } catch (IOException refused) {
                return true;
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void sendsAllOfALargeAnswerAndEndsInOrder(KernelPolicy policy) throws Exception {
        BoundServer server = servers.bind(Servers.local(policy).handle(
                (in, out) -> out.sendByteArray(Flux.range(0, 32).map(i -> new byte[MIB]))));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.read(1)).hasSize(1);
            Future<?> stop = Peer.run(() -> {
                server.disposeNow(PATIENCE);
                return null;
            });
            awaitRefused(server);
            assertThat(peer.readAll()).hasSize(32 * MIB - 1);
            peer.end();
            stop.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void endsIdleConnectionsInOrderWithoutWaitingForTheDeadline() {
        BoundServer server = servers.bind(Servers.local().loops(2).handle((in, out) -> out.send(in.receive())));
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Peer peer = Peer.connect(server.port());
            assertThat(peer.write("x").readText(1)).isEqualTo("x");
            peers.add(peer);
        }
        Disposable stopping = server.disposeLater(Duration.ofHours(1)).subscribe();
        peers.forEach(peer -> assertThat(peer.readAll()).isEmpty());
        peers.forEach(Peer::close);
        StepVerifier.create(server.onDispose()).expectComplete().verify(PATIENCE);
        assertThat(stopping.isDisposed()).isTrue();
        assertThat(server.stats().stream().mapToLong(EngineStats::closedInOrder).sum()).isEqualTo(10);
    }

    @Test
    void neverLetsHalfARequestLookWhole() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        CompletableFuture<Boolean> cut = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> out.sendByteArray(
                in.aggregate(100).doOnError(failed -> {
                    cut.complete(in.connection().inputCut());
                    failure.complete(failed);
                }))));
        try (Peer peer = Peer.connect(server.port())) {
            peer.write("half");
            Await.until("received", () -> server.stats().getFirst().bytesIn() == 4);
            server.disposeNow(PATIENCE);
            assertThat(failure.get(20, TimeUnit.SECONDS)).isInstanceOf(IOException.class)
                    .hasMessageContaining("stopped");
            assertThat(cut.get()).isTrue();
            peer.awaitEnd();
        }
    }

    @Test
    void resetsAtTheDeadlineWhoDoesNotEnd() {
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> Mono.never()));
        try (Peer peer = Peer.connect(server.port())) {
            Await.until("accepted", () -> server.stats().getFirst().accepted() == 1);
            server.disposeNow(Duration.ofMillis(200));
            assertThat(server.isDisposed()).isTrue();
            assertThatThrownBy(() -> peer.readAll()).hasMessageContaining("reset");
        }
        assertThat(server.stats().getFirst().closedByReset()).isEqualTo(1);
    }

    @Test
    void disposeResetsAtOnce() {
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> out.sendByteArray(
                Flux.<byte[]>never().startWith(new byte[8 * MIB]))));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.read(1)).hasSize(1);
            server.dispose();
            server.dispose();
            StepVerifier.create(server.onDispose()).expectComplete().verify(PATIENCE);
            assertThat(server.isDisposed()).isTrue();
            assertThatThrownBy(() -> peer.readAll()).hasMessageContaining("reset");
        }
    }

    @Test
    void aHandlerStopsItsOwnServer() {
        CompletableFuture<BoundServer> self = new CompletableFuture<>();
        BoundServer server = servers.bind(Servers.local().handle((in, out) -> {
            BoundServer own = self.join();
            assertThatThrownBy(() -> own.disposeNow(Duration.ofSeconds(1))).isInstanceOf(IllegalStateException.class);
            own.disposeLater(PATIENCE).subscribe();
            return out.sendString(Mono.just("bye"));
        }));
        self.complete(server);
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.readAll()).isEqualTo("bye".getBytes(UTF_8));
        }
        StepVerifier.create(server.onDispose()).expectComplete().verify(PATIENCE);
    }

    @Test
    void disposesWhatDependsOnItWhenItHasEnded() {
        BoundServer server = servers.bind(Servers.local());
        Disposable other = Disposables.single();
        assertThat(server.onDispose(other)).isSameAs(server);
        assertThat(other.isDisposed()).isFalse();
        server.disposeNow();
        Await.until("disposed", other::isDisposed);
        server.disposeNow();
    }

    @Test
    void aBindThatIsCancelledEndsAgainWhereverItWas() {
        for (int i = 0; i < 20; i++) {
            Disposable binding = Servers.local().loops(2).bind().subscribe(BoundServer::dispose);
            binding.dispose();
        } // the audit finds what is left
    }
}
