package io.hotpath.samples.kv;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import io.hotpath.reactor.BoundServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** JDK sockets that send what Redis' clients send. */
@Timeout(60)
class KvIT {
    private @Nullable BoundServer started;

    @BeforeEach
    void start() {
        started = KvServer.create().port(0).loops(2).bindNow();
    }

    @AfterEach
    void nothingLeaks() {
        BoundServer server = server();
        server.disposeNow(Duration.ofSeconds(5));
        assertThat(server.stats().stream().mapToLong(EngineStats::leasesHeld).sum()).isZero();
    }

    private BoundServer server() {
        return Objects.requireNonNull(started);
    }

    private static byte[] request(String... words) {
        StringBuilder request = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            request.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return request.toString().getBytes(ISO_8859_1);
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server().port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void check(Socket socket, String reply, String... words) throws IOException {
        socket.getOutputStream().write(request(words));
        assertThat(new String(socket.getInputStream().readNBytes(reply.length()), ISO_8859_1)).isEqualTo(reply);
    }

    @Test
    void doesEachCommand() throws IOException {
        try (Socket socket = connect()) {
            check(socket, "+PONG\r\n", "PING");
            check(socket, "$2\r\nhi\r\n", "ping", "hi");
            check(socket, "$-1\r\n", "GET", "k");
            check(socket, "+OK\r\n", "SET", "k", "a\r\n\u00ff");
            check(socket, "$4\r\na\r\n\u00ff\r\n", "GET", "k");
            check(socket, "-ERR value is not an integer or out of range\r\n", "INCR", "k");
            check(socket, ":1\r\n", "INCR", "n");
            check(socket, ":2\r\n", "INCR", "n");
            check(socket, ":2\r\n", "DEL", "k", "n", "none");
            check(socket, "$-1\r\n", "GET", "k");
            check(socket, "-ERR unknown command or wrong number of arguments\r\n", "FLUSHALL");
            check(socket, "+PONG\r\n", "PING");
        }
    }

    @Test
    void endsWithAReplyWhatItCannotUnderstand() throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write("*1\r\n$4\r\nPING\r\n*x\r\n".getBytes(ISO_8859_1));
            assertThat(new String(socket.getInputStream().readAllBytes(), ISO_8859_1))
                    .isEqualTo("+PONG\r\n-ERR Protocol error\r\n");
        }
    }

    @Test
    void countsFor50ClientsWhoPipeline16() throws Exception {
        int rounds = 50;
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> clients = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                clients.add(threads.submit(() -> {
                    try (Socket socket = connect()) {
                        StringBuilder pipeline = new StringBuilder();
                        for (int k = 0; k < 16; k++) {
                            pipeline.append(new String(request("INCR", "n"), ISO_8859_1));
                        }
                        int replies = 0;
                        for (int round = 0; round < rounds; round++) {
                            socket.getOutputStream().write(pipeline.toString().getBytes(ISO_8859_1));
                            for (int line = 0; line < 16; line++) {
                                assertThat(socket.getInputStream().read()).isEqualTo(':');
                                while (socket.getInputStream().read() != '\n') {
                                    // digits
                                }
                                replies++;
                            }
                        }
                        return replies;
                    }
                }));
            }
            for (Future<Integer> client : clients) {
                assertThat(client.get(30, TimeUnit.SECONDS)).isEqualTo(16 * rounds);
            }
        }
        try (Socket socket = connect()) {
            check(socket, "$5\r\n40000\r\n", "GET", "n");
        }
    }
}
