package io.hotpath.samples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The program as a user starts it: a JVM of its own, clients of the JDK, a signal at the end. */
@Timeout(60)
class EchoIT {
    private static final int SIGTERM_EXIT = 128 + 15;

    @BeforeAll
    static void needsUring() {
        UringHost.require();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--loops 2", "--core", "--core --loops 2"})
    void echoesAndSaysWhatItDid(String options) throws Exception {
        byte[] data = new byte[16 << 20];
        new Random(16).nextBytes(data);
        try (EchoProcess echo = EchoProcess.start(("--port 0 " + options).strip().split(" "))) {
            int port = echo.awaitPort();
            try (Socket socket = connect(port)) {
                Thread writer = Thread.startVirtualThread(() -> write(socket, data));
                assertThat(socket.getInputStream().readNBytes(data.length)).isEqualTo(data);
                writer.join();
                socket.shutdownOutput();
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
            }
            for (int i = 0; i < 500; i++) {
                try (Socket socket = connect(port)) {
                    socket.getOutputStream().write('x');
                    assertThat(socket.getInputStream().read()).isEqualTo('x');
                }
            }
            assertThat(echo.terminate()).isEqualTo(SIGTERM_EXIT);
            long bytes = data.length + 500L;
            assertThat(echo.output()).isEqualTo(
                    "connections 501, bytes in " + bytes + ", bytes out " + bytes + ", buffers leaked 0\n");
            assertThat(echo.errors()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--core"})
    void endsWhileClientsAreConnected(String options) throws Exception {
        try (EchoProcess echo = EchoProcess.start(("--port 0 " + options).strip().split(" "))) {
            int port = echo.awaitPort();
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Socket socket = connect(port);
                socket.getOutputStream().write('x');
                assertThat(socket.getInputStream().read()).isEqualTo('x');
                sockets.add(socket);
            }
            assertThat(echo.terminate()).isEqualTo(SIGTERM_EXIT);
            assertThat(echo.output()).isEqualTo("connections 10, bytes in 10, bytes out 10, buffers leaked 0\n");
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "--loops 2", "--core"})
    void saysInOneLineThatThePortIsUsed(String options) throws Exception {
        try (ServerSocket used = new ServerSocket(0)) {
            try (EchoProcess echo =
                    EchoProcess.start(("--port " + used.getLocalPort() + " " + options).strip().split(" "))) {
                assertThat(echo.awaitExit()).isEqualTo(1);
                assertThat(echo.output()).isEmpty();
                assertThat(echo.errors()).isEqualTo(
                        "echo: Address already in use: 0.0.0.0:" + used.getLocalPort() + "\n");
            }
        }
    }

    @Test
    void refusesABadOptionAndShowsTheRightOnes() throws Exception {
        try (EchoProcess echo = EchoProcess.start("--prot", "7")) {
            assertThat(echo.awaitExit()).isEqualTo(2);
            assertThat(echo.errors()).isEqualTo("echo: unknown option --prot\n" + EchoOptions.USAGE + "\n");
        }
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void write(Socket socket, byte[] data) {
        try {
            socket.getOutputStream().write(data);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }
}
