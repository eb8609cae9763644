package io.hotpath.samples.echo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
        try (Child echo = Child.start(("--port 0 " + options).strip().split(" "))) {
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
        try (Child echo = Child.start(("--port 0 " + options).strip().split(" "))) {
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
            try (Child echo = Child.start(("--port " + used.getLocalPort() + " " + options).strip().split(" "))) {
                assertThat(echo.awaitExit()).isEqualTo(1);
                assertThat(echo.output()).isEmpty();
                assertThat(echo.errors()).isEqualTo(
                        "echo: Address already in use: 0.0.0.0:" + used.getLocalPort() + "\n");
            }
        }
    }

    @Test
    void refusesABadOptionAndShowsTheRightOnes() throws Exception {
        try (Child echo = Child.start("--prot", "7")) {
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

    /** A running {@link EchoMain}. */
    private record Child(Process process, BufferedReader out) implements AutoCloseable {
        static Child start(String... arguments) throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED", "-ea", "-cp", System.getProperty("java.class.path"),
                    EchoMain.class.getName()));
            command.addAll(List.of(arguments));
            Process process = new ProcessBuilder(command).start();
            return new Child(process, process.inputReader(StandardCharsets.UTF_8));
        }

        int awaitPort() throws IOException {
            String line = out.readLine();
            assertThat(line).as(() -> "stderr: " + errors()).startsWith("listening on 0.0.0.0:");
            return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
        }

        int terminate() throws InterruptedException {
            process.toHandle().destroy(); // SIGTERM; destroy() of a Process would close its streams as well
            return awaitExit();
        }

        int awaitExit() throws InterruptedException {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ends within 30 seconds").isTrue();
            return process.exitValue();
        }

        /** What is left of stdout. */
        String output() throws IOException {
            StringBuilder all = new StringBuilder();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                all.append(line).append('\n');
            }
            return all.toString();
        }

        String errors() {
            try {
                return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException failed) {
                throw new AssertionError(failed);
            }
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
