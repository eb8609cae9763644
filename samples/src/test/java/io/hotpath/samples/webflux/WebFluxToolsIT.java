package io.hotpath.samples.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.samples.Tool;
import io.hotpath.samples.echo.UringSwitch;
import io.hotpath.spring.HotpathLoops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Clients that nobody here wrote find no error: {@code curl}, and {@code wrk} and {@code h2load} with 100 connections, the latter
 * with 100 streams on each. {@code -Dhotpath.loadSeconds=30} loads it for longer.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WebFluxToolsIT {
    private static final int LOAD_SECONDS = Integer.getInteger("hotpath.loadSeconds", 2);

    /** About as many as a slow machine answers in that time. */
    private static final int REQUESTS = LOAD_SECONDS * 5_000;

    private static final long FAILOVER_MILLIS = 1000;

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"auto", "epoll"})
    void curlGetsAnswers(String kernel) throws Exception {
        Path file = Files.writeString(directory.resolve("notes.txt"), "milk");
        try (ConfigurableApplicationContext application = Applications.start("--hotpath.kernel=" + kernel)) {
            String root = root(application);
            assertThat(curl(root + "/greeting/you")).containsExactly("hello you");
            assertThat(curl("--http2-prior-knowledge", root + "/greeting/you")).containsExactly("hello you");
            assertThat(curl("-F", "file=@" + file, root + "/upload").getFirst())
                    .contains("\"name\":\"notes.txt\",\"bytes\":4");
            assertThat(curl("-H", "Content-Type: application/json", "-d", "{\"text\":\"milk\"}", root + "/notes"))
                    .containsExactly("{\"id\":1,\"text\":\"milk\"}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "epoll"})
    void loadFindsNoError(String kernel) throws Exception {
        try (ConfigurableApplicationContext application = Applications.start("--hotpath.kernel=" + kernel)) {
            load(application);
            assertThat(Applications.closeAndCountHeld(application)).isZero();
        }
    }

    /** The switch is needed when rings are opened: it is thrown for no longer. */
    @Test
    @Tag("faults")
    void loadFindsNoErrorWhereIoUringIsSwitchedOff() throws Exception {
        try (ConfigurableApplicationContext application = startWithoutUring()) {
            assertThat(application.getBean(HotpathLoops.class).stats()).isNotEmpty().allSatisfy(each -> {
                assertThat(each.kernel()).isEqualTo("epoll");
                assertThat(each.refusal()).contains("kernel.io_uring_disabled is 2");
            });
            load(application);
            assertThat(Applications.closeAndCountHeld(application)).isZero();
        }
    }

    private static ConfigurableApplicationContext startWithoutUring() throws IOException {
        try (UringSwitch off = UringSwitch.off()) {
            assertThat(off.value()).isEqualTo("2");
            return Applications.start();
        }
    }

    /** With {@code auto} the rings go from io_uring to io_uring, to epoll and back. */
    @Test
    void loadFindsNoErrorWhileTheRingsAreForcedUnhealthy() throws Exception {
        try (ConfigurableApplicationContext application = Applications.start()) {
            Forcing forcing = new Forcing(Applications.port(application));
            try {
                load(application);
            } finally {
                forcing.stop();
            }
            assertThat(application.getBean(HotpathLoops.class).stats()).isNotEmpty().allSatisfy(each -> {
                assertThat(each.failovers()).isGreaterThanOrEqualTo(2);
                assertThat(each.closedByLoss()).isZero();
            });
            assertThat(Applications.closeAndCountHeld(application)).isZero();
        }
    }

    private static void load(ConfigurableApplicationContext application) throws Exception {
        String page = root(application) + "/greeting/you";
        List<String> h2load = run("nghttp2-client", "h2load", "-c", "100", "-m", "100", "-n", "" + REQUESTS, page);
        assertThat(h2load).anySatisfy(line -> assertThat(line).startsWith("requests:")
                .contains(REQUESTS + " succeeded, 0 failed, 0 errored, 0 timeout"));
        assertThat(h2load).anySatisfy(line -> assertThat(line).startsWith("status codes: " + REQUESTS + " 2xx, 0 3xx"));

        List<String> wrk = run("wrk", "wrk", "-t1", "-c100", "-d" + LOAD_SECONDS + "s", page);
        assertThat(wrk).noneMatch(line -> line.contains("Socket errors") || line.contains("Non-2xx"))
                .anyMatch(line -> line.startsWith("Requests/sec:"));
    }

    private static List<String> curl(String... arguments) throws Exception {
        String[] command = new String[arguments.length + 3];
        command[0] = "curl";
        command[1] = "-sS";
        command[2] = "--fail";
        System.arraycopy(arguments, 0, command, 3, arguments.length);
        return run("curl", command);
    }

    private static List<String> run(String debianPackage, String... command) throws IOException, InterruptedException {
        try (Tool tool = Tool.start(debianPackage, command)) {
            List<String> lines = tool.lines();
            System.out.println(Arrays.toString(command) + "\n" + String.join("\n", lines)); // for the report of the build
            return lines;
        }
    }

    private static String root(ConfigurableApplicationContext application) {
        return "http://127.0.0.1:" + Applications.port(application);
    }

    /** Presses the board's button now and then, until it is stopped. */
    private static final class Forcing {
        private final CountDownLatch over = new CountDownLatch(1);
        private final Future<?> pressing;

        Forcing(int port) {
            FutureTask<Void> task = new FutureTask<>(() -> {
                press(port);
                return null;
            });
            Thread.ofPlatform().name("forcing").start(task);
            pressing = task;
        }

        private void press(int port) throws Exception {
            try (Browser browser = new Browser(port)) {
                while (!over.await(FAILOVER_MILLIS, TimeUnit.MILLISECONDS)) {
                    assertThat(browser.post("/board/failover", "").statusCode()).isEqualTo(202);
                }
            }
        }

        /** Fails if it could not press. */
        void stop() throws ExecutionException, InterruptedException {
            over.countDown();
            pressing.get();
        }
    }
}
