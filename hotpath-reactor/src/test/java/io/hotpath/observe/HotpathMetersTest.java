package io.hotpath.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.HotpathServer;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HotpathMetersTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    /** Statistics that are 0 and empty, but for what is given. */
    private static EngineStats stats(Map<String, Object> given) {
        try {
            RecordComponent[] components = EngineStats.class.getRecordComponents();
            Class<?>[] types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            Object[] values = new Object[components.length];
            for (int i = 0; i < values.length; i++) {
                Object value = given.get(components[i].getName());
                values[i] = value != null ? value : types[i] == int.class ? 0 : types[i] == long.class ? (Object) 0L
                        : components[i].getName().equals("kernel") ? "io_uring" : null;
            }
            return EngineStats.class.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException impossible) {
            throw new LinkageError(impossible.getMessage(), impossible);
        }
    }

    private double value(String name, String... tags) {
        Meter meter = registry.get(name).tags(tags).meter();
        return meter.measure().iterator().next().getValue();
    }

    @Test
    void everyNumberOfEngineStatsIsInAMeter() {
        EngineStats zero = stats(Map.of());
        for (RecordComponent component : EngineStats.class.getRecordComponents()) {
            if (component.getType().isPrimitive()) {
                Object seven = component.getType() == int.class ? (Object) 7 : (Object) 7L;
                EngineStats changed = stats(Map.of(component.getName(), seven));
                assertThat(MeterLine.ALL)
                        .as("give EngineStats.%s a line in MeterLine, and that in docs/metrics.md", component.getName())
                        .anyMatch(line -> line.of(changed) != line.of(zero));
            }
        }
    }

    @Test
    void everyMeterIsInTheDocument() throws IOException {
        StringBuilder table = new StringBuilder("| meter | tag | is |\n|---|---|---|\n");
        table.append("| `" + MeterLine.KERNEL + "` | `kernel`, `refusal` | " + MeterLine.KERNEL_DESCRIPTION + " |\n");
        for (MeterLine line : MeterLine.ALL) {
            String tag = line.tag() == null ? "" : "`" + line.tag() + "=" + line.value() + "`";
            table.append("| `" + line.name() + "` | " + tag + " | " + (line.counts() ? "count: " : "")
                    + line.description() + " |\n");
        }
        String document = Files.readString(Path.of("../docs/metrics.md"), StandardCharsets.UTF_8);
        assertThat(document).as("docs/metrics.md has to have this table:\n" + table).contains(table);
    }

    @Test
    void namesAndTagsAreThoseOfOneTable() {
        assertThat(MeterLine.ALL).allMatch(line -> line.name().startsWith("hotpath."));
        Map<String, List<MeterLine>> byName =
                MeterLine.ALL.stream().collect(Collectors.groupingBy(MeterLine::name));
        byName.forEach((name, lines) -> {
            assertThat(lines).as(name).extracting(line -> String.valueOf(line.tag())).containsOnly(
                    String.valueOf(lines.getFirst().tag()));
            assertThat(lines).as(name).extracting(MeterLine::value).doesNotHaveDuplicates();
        });
    }

    @Test
    void tellsTheLoopsOfAServerApartAndStaysReadableAfterItsEnd() throws IOException {
        BoundServer server = HotpathServer.create().host("127.0.0.1").loops(2)
                .handle((in, out) -> out.send(in.receive())).bindNow();
        HotpathMeters meters = HotpathMeters.of("echo", server::stats);
        meters.bindTo(registry);
        for (int i = 0; i < 20; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.getOutputStream().write('x');
                assertThat(socket.getInputStream().read()).isEqualTo('x');
            }
        }
        server.disposeNow(Duration.ofSeconds(5));
        System.gc();
        double accepted = value("hotpath.connections.accepted", "name", "echo", "loop", "0")
                + value("hotpath.connections.accepted", "name", "echo", "loop", "1");
        assertThat(accepted).isEqualTo(20);
        assertThat(value("hotpath.data", "loop", "0", "direction", "in")
                + value("hotpath.data", "loop", "1", "direction", "in")).isEqualTo(20);
        assertThat(value("hotpath.connections", "loop", "0")).isZero();
        assertThat(value("hotpath.loop.completions.per.enter", "loop", "0")).isPositive();
        assertThat(registry.find(MeterLine.KERNEL).tag("loop", "0").gauges()).hasSize(1);
        for (String alarm : List.of("stale_completion", "unexpected_errno", "stale_lease", "handler_failure",
                "leaked_bytes")) {
            assertThat(value("hotpath.alarms", "loop", "0", "alarm", alarm)).as(alarm).isZero();
        }
        meters.close();
        assertThat(registry.getMeters()).isEmpty();
        meters.close();
    }

    @Test
    void theKernelHasItsRowAndTheRefusalOfTheOneBefore() {
        AtomicReference<EngineStats> now = new AtomicReference<>(stats(Map.of("kernel", "io_uring")));
        HotpathMeters.of("one", 1, loop -> now.get()).bindTo(registry);
        assertThat(value(MeterLine.KERNEL, "kernel", "io_uring", "refusal", "none")).isEqualTo(1);
        now.set(stats(Map.of("kernel", "epoll", "refusal", "seccomp refuses")));
        assertThat(value("hotpath.loop.turns")).isZero(); // whoever reads notices
        assertThat(value(MeterLine.KERNEL, "kernel", "io_uring", "refusal", "none")).isZero();
        assertThat(value(MeterLine.KERNEL, "kernel", "epoll", "refusal", "seccomp refuses")).isEqualTo(1);
    }

    @Test
    void countersGoOnWhenAnotherLoopTakesThePlace() {
        AtomicReference<@Nullable EngineStats> now = new AtomicReference<>();
        HotpathMeters meters = HotpathMeters.of("client", 1, loop -> now.get());
        meters.bindTo(registry);
        assertThat(value("hotpath.sends")).isZero();
        assertThat(value("hotpath.connections")).isNaN();
        now.set(stats(Map.of("turns", 10L, "sends", 5L, "connections", 3)));
        assertThat(value("hotpath.sends")).isEqualTo(5);
        now.set(stats(Map.of("turns", 2L, "sends", 1L, "connections", 1)));
        assertThat(value("hotpath.sends")).isEqualTo(6);
        assertThat(value("hotpath.connections")).isEqualTo(1);
        now.set(null);
        assertThat(value("hotpath.sends")).isEqualTo(6);
        meters.close();
    }
}
