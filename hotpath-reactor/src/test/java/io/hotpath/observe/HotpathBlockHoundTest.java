package io.hotpath.observe;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.HotpathServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.blockhound.BlockHound;
import reactor.blockhound.BlockingOperationError;
import reactor.blockhound.integration.BlockHoundIntegration;
import reactor.core.publisher.Mono;

/** In a JVM of its own: what BlockHound has instrumented stays so. */
@Timeout(120)
class HotpathBlockHoundTest {
    /** What the other JVM runs. */
    static final class Program {
        private Program() {}

        public static void main(String[] args) throws IOException {
            BlockHound.install();
            AtomicReference<Throwable> found = new AtomicReference<>();
            BoundServer server = HotpathServer.create().host("127.0.0.1").handle((in, out) -> out.sendString(
                    in.asString(UTF_8)
                            .concatMap(text -> switch (text) {
                                case "sleep" -> Mono.fromSupplier(Program::sleep);
                                case "elsewhere" -> in.connection().blocking(Program::sleep);
                                default -> Mono.just(text);
                            })
                            .onErrorResume(BlockingOperationError.class, error -> {
                                found.set(error);
                                return Mono.just("found");
                            })))
                    .bindNow();
            System.out.println("echo=" + ask(server, "echo"));
            System.out.println("elsewhere=" + ask(server, "elsewhere"));
            System.out.println("sleep=" + ask(server, "sleep"));
            server.disposeNow(Duration.ofSeconds(5));
            System.out.println("failures=" + server.stats().getFirst().handlerFailures());
            System.out.println("error=" + found.get());
        }

        private static String sleep() {
            try {
                Thread.sleep(1);
                return "slept";
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        }

        private static String ask(BoundServer server, String text) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.getOutputStream().write(text.getBytes(UTF_8));
                socket.shutdownOutput();
                return new String(socket.getInputStream().readAllBytes(), UTF_8);
            }
        }
    }

    @Test
    void aHandlerThatSleepsIsFoundAndAnHonestOneIsNot() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+AllowRedefinitionToAddDeleteMethods", "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED", "-ea", "-cp", System.getProperty("java.class.path"),
                Program.class.getName())
                .redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.lines()).as(output)
                .contains("echo=echo", "elsewhere=slept", "sleep=found", "failures=0")
                .anyMatch(line -> line.startsWith("error=reactor.blockhound.BlockingOperationError")
                        && line.contains("sleep"));
    }

    @Test
    void blockHoundFindsIt() {
        assertThat(ServiceLoader.load(BlockHoundIntegration.class)).hasAtLeastOneElementOfType(HotpathBlockHound.class);
    }

    @Test
    void whatItAllowsIsThere() throws ClassNotFoundException {
        for (String[] allowed : HotpathBlockHound.ALLOWED) {
            assertThat(Arrays.stream(Class.forName(allowed[0]).getDeclaredMethods()))
                    .as(String.join(".", allowed))
                    .anyMatch(method -> method.getName().equals(allowed[1]));
        }
    }
}
