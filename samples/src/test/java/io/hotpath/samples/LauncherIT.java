package io.hotpath.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code ./hotpath} itself; it builds first what is out of date, which takes a minute or more. */
@Tag("faults")
@Timeout(value = 900, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LauncherIT {
    @Test
    void webfluxStartsWithoutAWarningOfTheJvm() throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(launcher().toString(), "webflux", "--port", "0", "--events-port", "0");
        builder.environment().put("HOTPATH_JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        try (Child program = new Child(process, process.inputReader(StandardCharsets.UTF_8))) {
            assertThat(program.awaitPort()).isPositive();
            process.toHandle().destroy();
            program.awaitExit();
            assertThat(program.errors()).contains("Started WebFluxMain").doesNotContain("WARNING: ");
        }
    }

    private static Path launcher() throws IOException {
        Path here = Path.of("").toRealPath();
        while (!Files.isExecutable(here.resolve("hotpath"))) {
            here = here.getParent();
        }
        return here.resolve("hotpath");
    }
}
