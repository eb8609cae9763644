package io.hotpath.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.ReadTimeoutException;
import io.netty.handler.timeout.WriteTimeoutHandler;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.test.StepVerifier;

/** Netty's and reactor-netty's timeouts on Hotpath's channels. */
class TimeoutsIT extends ReactorNettyBed {
    private static final Duration SHORT = Duration.ofMillis(200);

    @Test
    void anIdleConnectionIsClosed() throws IOException {
        DisposableServer server = bind(server().idleTimeout(SHORT)
                .handle((_, response) -> response.sendString(Mono.just("ok"))));
        try (Socket socket = connect(server)) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(all).startsWith("HTTP/1.1 200").contains("ok");
        }
    }

    @Test
    void aServerThatDoesNotAnswerInTimeIsAReadTimeout() {
        DisposableServer server = bind(server().handle((_, _) -> Mono.never()));
        client(server, loops).responseTimeout(SHORT).get().uri("/").response()
                .as(StepVerifier::create).expectError(ReadTimeoutException.class).verify(LONG);
    }

    @Test
    void aRequestWhoseBodyStopsIsAReadTimeout() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        DisposableServer server = bind(server().readTimeout(SHORT).handle((request, response) -> response
                .sendString(request.receive().aggregate().asString().doOnError(failure::complete))));
        try (Socket socket = connect(server)) {
            sendPartOfABody(socket);
            assertThat(failure.get(5, TimeUnit.MINUTES)).isInstanceOf(ReadTimeoutException.class);
            assertThat(endOf(socket)).doesNotContain("200 OK");
        }
    }

    @Test
    void aRequestThatTakesTooLongIsATimeout() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        DisposableServer server = bind(server().requestTimeout(SHORT).handle((request, response) -> response
                .sendString(request.receive().aggregate().asString().doOnError(failure::complete))));
        try (Socket socket = connect(server)) {
            sendPartOfABody(socket);
            assertThat(failure.get(5, TimeUnit.MINUTES))
                    .hasMessage("Request timed out");
            assertThat(endOf(socket)).doesNotContain("200 OK");
        }
    }

    private static void sendPartOfABody(Socket socket) throws IOException {
        socket.getOutputStream().write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
                .getBytes(StandardCharsets.US_ASCII));
    }

    private static String endOf(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }

    @Test
    void aClientThatDoesNotReadIsAWriteTimeout() throws Exception {
        CountDownLatch timedOut = new CountDownLatch(1);
        DisposableServer server = bind(server()
                .doOnConnection(connection -> connection
                        .addHandlerFirst(new WriteTimeoutHandler(SHORT.toMillis(), TimeUnit.MILLISECONDS) {
                            @Override
                            protected void writeTimedOut(ChannelHandlerContext context) throws Exception {
                                timedOut.countDown();
                                super.writeTimedOut(context);
                            }
                        }))
                .handle((_, response) -> response.send(blocks(1L << 30))));
        try (Socket deaf = connect(server)) {
            deaf.getOutputStream().write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(timedOut.await(5, TimeUnit.MINUTES)).isTrue();
        }
    }
}
