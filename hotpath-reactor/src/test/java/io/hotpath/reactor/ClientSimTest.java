package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.util.context.Context;

/** The client on the simulated kernel: addresses, deadlines and hooks, to the exact moment. */
@Timeout(60)
class ClientSimTest {
    private static final int NOBODY = 7100;
    private static final int FIRST = 7101;
    private static final int SECOND = 7102;

    private final List<SocketAddress> tried = new ArrayList<>();
    private final List<String> calls = new ArrayList<>();

    private static SocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** What a name with several addresses becomes. */
    private Mono<HotpathClientConnection> connect(Consumer<ClientSettings> change, int... ports) {
        ClientSettings settings = new ClientSettings().with(copy -> {
            copy.onConnect = tried::add;
            copy.connectTimeout = Duration.ofSeconds(5);
            copy.onConnected = connection -> calls.add("connected");
            copy.onDisconnected = connection -> calls.add("disconnected");
            change.accept(copy);
        });
        List<SocketAddress> addresses = new ArrayList<>();
        for (int port : ports) {
            addresses.add(address(port));
        }
        return Mono.create(sink -> new Connecting(settings, addresses, sink).start());
    }

    @Test
    void triesOneAddressAfterTheOtherUntilOneAnswers() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener first = test.listen(FIRST);
            HotpathTestListener second = test.listen(SECOND);
            StepVerifier.create(connect(copy -> {}, NOBODY, FIRST, SECOND))
                    .then(test::run)
                    .assertNext(connection -> assertThat(connection.address()).isEqualTo(address(FIRST)))
                    .verifyComplete();
            assertThat(tried).containsExactly(address(NOBODY), address(FIRST));
            assertThat(calls).containsExactly("connected");
            first.accept().close();
            second.close();
        }
    }

    @Test
    void tellsWhyEachAddressFailed() {
        try (HotpathTest test = HotpathTest.open()) {
            StepVerifier.create(connect(copy -> {}, NOBODY, NOBODY + 100))
                    .then(test::run)
                    .verifyErrorSatisfies(failure -> {
                        assertThat(failure)
                                .isInstanceOf(ConnectException.class)
                                .hasMessageContaining("Connection refused")
                                .hasMessageContaining(":" + (NOBODY + 100));
                        assertThat(failure.getSuppressed()).singleElement()
                                .satisfies(before -> assertThat(before).hasMessageContaining(":" + NOBODY));
                    });
            assertThat(tried).hasSize(2);
            assertThat(calls).isEmpty();
        }
    }

    @Test
    void givesEachAddressItsOwnTime() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener first = test.listen(FIRST);
            HotpathTestListener second = test.listen(SECOND);
            first.silent(true);
            second.silent(true);
            StepVerifier.create(connect(copy -> {}, FIRST, SECOND))
                    .then(() -> test.advanceTime(Duration.ofMillis(4900)))
                    .then(() -> assertThat(tried).hasSize(1))
                    .then(() -> test.advanceTime(Duration.ofMillis(200)))
                    .then(() -> assertThat(tried).hasSize(2))
                    .then(() -> test.advanceTime(Duration.ofMillis(4700)))
                    .then(() -> assertThat(calls).isEmpty())
                    .then(() -> test.advanceTime(Duration.ofMillis(300)))
                    .verifyErrorSatisfies(failure -> assertThat(failure)
                            .isInstanceOf(SocketTimeoutException.class)
                            .hasMessageContaining("timed out"));
        }
    }

    @Test
    void triesNoFurtherWhenItIsCancelled() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener first = test.listen(FIRST);
            first.silent(true);
            Disposable connecting = connect(copy -> {}, FIRST, SECOND).subscribe();
            test.run();
            connecting.dispose();
            test.advanceTime(Duration.ofSeconds(20));
            assertThat(tried).containsExactly(address(FIRST));
            assertThat(test.stats().getFirst().connections()).isZero();
        }
    }

    @Test
    void aHookThatThrowsFailsTheConnectAndTriesNobodyElse() {
        try (HotpathTest test = HotpathTest.open()) {
            test.listen(FIRST);
            test.listen(SECOND);
            StepVerifier.create(connect(copy -> copy.onConnected = connection -> {
                throw new IllegalStateException("connected on purpose");
            }, FIRST, SECOND)).then(test::run).verifyErrorMessage("connected on purpose");
            StepVerifier.create(connect(copy -> copy.onConnect = to -> {
                throw new IllegalStateException("connect on purpose");
            }, FIRST, SECOND)).then(test::run).verifyErrorMessage("connect on purpose");
            assertThat(tried).containsExactly(address(FIRST));
            assertThat(calls).isEmpty();
        }
    }

    @Test
    void tellsOfItsEndHoweverThatCame() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener listener = test.listen(FIRST);
            connect(copy -> {}, FIRST).subscribe();
            test.run();
            listener.accept().reset();
            assertThat(calls).containsExactly("connected", "disconnected");
        }
    }

    @Test
    void itsHandlerHasTheContextOfWhoConnects() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener listener = test.listen(FIRST);
            connect(copy -> copy.handler =
                    (in, out) -> out.sendString(Mono.deferContextual(context -> Mono.just(context.get("who")))), FIRST)
                    .contextWrite(Context.of("who", "me"))
                    .subscribe();
            test.run();
            HotpathTestPeer peer = listener.accept();
            assertThat(peer.takeText()).isEqualTo("me");
            assertThat(peer.sawEnd()).as("its handler completed").isTrue();
            peer.finish();
        }
    }

    @Test
    void endsItsSideAndReceivesOn() {
        List<String> got = new ArrayList<>();
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener listener = test.listen(FIRST);
            connect(copy -> copy.handler = (in, out) -> out.sendString(Mono.just("question"))
                    .shutdownOutput()
                    .then(in.asString(UTF_8).doOnNext(got::add).then()), FIRST)
                    .subscribe();
            test.run();
            HotpathTestPeer peer = listener.accept();
            assertThat(peer.takeText()).isEqualTo("question");
            assertThat(peer.sawEnd()).isTrue();
            peer.send("answer");
            peer.finish();
            assertThat(got).containsExactly("answer");
            assertThat(calls).containsExactly("connected", "disconnected");
        }
    }

    @Test
    void eachMethodReturnsACopy() {
        try (HotpathTest test = HotpathTest.open()) {
            HotpathTestListener listener = test.listen(FIRST);
            HotpathClient plain = HotpathClient.create().port(FIRST);
            HotpathClient other = plain.port(NOBODY)
                    .host("10.1.1.1")
                    .connectTimeout(Duration.ofMillis(1))
                    .handle((in, out) -> out.sendString(Mono.just("other")))
                    .doOnConnected(connection -> calls.add("connected"));
            plain.connect().subscribe(connection -> calls.add(connection.address().toString()));
            test.run();
            assertThat(calls).containsExactly(address(FIRST).toString().replaceFirst("^localhost", ""));
            HotpathTestPeer peer = listener.accept();
            assertThat(peer.take()).isEmpty();
            assertThat(peer.sawEnd()).isFalse();
            assertThat(other).isNotSameAs(plain);
            peer.close();
        }
    }
}
