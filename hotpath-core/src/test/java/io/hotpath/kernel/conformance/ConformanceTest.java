package io.hotpath.kernel.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.epoll.EpollKernel;
import io.hotpath.kernel.linux.LinuxKernel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The same scenarios on every kernel. io_uring's traces are the reference, kept in {@code conformance.txt} so that they are
 * there where io_uring is refused; {@code -Dhotpath.conformance.record=true} writes them anew.
 */
@EnabledOnOs(OS.LINUX)
final class ConformanceTest {
    private static final Path REFERENCE = Path.of("src/test/resources/conformance.txt");
    private static final boolean RECORD = Boolean.getBoolean("hotpath.conformance.record");
    private static final Map<String, String> REFERENCES = read();

    static Stream<Scenario> scenarios() {
        return Stream.of(LifeScenarios.ring(), LifeScenarios.accept(), RecvScenarios.all(), SendScenarios.all(),
                LifeScenarios.connect(), LifeScenarios.end()).flatMap(List::stream);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void linux(Scenario scenario) throws IOException {
        String trace = trace(scenario, LinuxKernel::instance);
        if (RECORD) {
            record(scenario, trace);
        }
        assertThat(trace).isEqualTo(REFERENCES.get(scenario.name()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void epoll(Scenario scenario) {
        assertThat(trace(scenario, EpollKernel::instance)).isEqualTo(reference("epoll", scenario));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void simulation(Scenario scenario) {
        assertThat(scenario.run(new SimWorld())).isEqualTo(reference("sim", scenario));
    }

    @Test
    void thereAreManyScenariosAndEachNameIsOne() {
        assertThat(scenarios().map(Scenario::name).distinct().count())
                .isEqualTo(scenarios().count())
                .isGreaterThanOrEqualTo(40);
    }

    @Test
    void everyDifferenceDiffers() {
        for (Differences.Difference difference : Differences.ALL) {
            String reference = REFERENCES.get(difference.scenario());
            assertThat(reference).as(difference.toString()).isNotNull().containsPattern(difference.instead());
            assertThat(difference.reason()).isNotBlank();
        }
    }

    private static String trace(Scenario scenario, Supplier<? extends Kernel> kernel) {
        try {
            return scenario.run(new RealWorld(kernel.get()));
        } catch (KernelRefused refused) {
            if (Boolean.getBoolean("hotpath.requireUring")) {
                throw refused;
            }
            return Assumptions.abort("io_uring is not available: " + refused.getMessage());
        }
    }

    private static String reference(String kernel, Scenario scenario) {
        String reference = REFERENCES.get(scenario.name());
        assertThat(reference).as("the reference of: " + scenario).isNotNull();
        return Differences.applied(kernel, scenario.name(), reference);
    }

    private static Map<String, String> read() {
        Map<String, String> references = new LinkedHashMap<>();
        try {
            String name = "";
            for (String line : Files.readAllLines(REFERENCE)) {
                if (line.startsWith("== ")) {
                    name = line.substring(3);
                    references.put(name, "");
                } else if (!line.startsWith("#")) {
                    references.computeIfPresent(name, (key, text) -> text + line + '\n');
                }
            }
        } catch (IOException missing) {
            return references;
        }
        return references;
    }

    private static void record(Scenario scenario, String trace) throws IOException {
        REFERENCES.put(scenario.name(), trace);
        StringBuilder text = new StringBuilder("# What io_uring does, Linux " + System.getProperty("os.version")
                + ", written by -Dhotpath.conformance.record=true\n");
        REFERENCES.forEach((name, lines) -> text.append("== ").append(name).append('\n').append(lines));
        Files.createDirectories(REFERENCE.getParent());
        Files.writeString(REFERENCE, text, StandardCharsets.UTF_8);
    }
}
