package io.hotpath.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.KernelPolicy;
import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.kernel.sim.SimKernel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightTest {
    @TempDir Path directory;

    private interface Scenario {
        void run() throws IOException;
    }

    /** What a recording of {@code names} sees of {@code scenario}. */
    private List<RecordedEvent> recorded(Duration threshold, Scenario scenario, String... names) throws IOException {
        Path file = directory.resolve("flight.jfr");
        try (Recording recording = new Recording()) {
            for (String name : names) {
                recording.enable("hotpath." + name).withThreshold(threshold);
            }
            recording.start();
            scenario.run();
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> List.of(names).contains(event.getEventType().getName().replace("hotpath.", "")))
                .sorted(Comparator.comparing(RecordedEvent::getEndTime)) // as they were committed
                .toList();
    }

    private List<RecordedEvent> recorded(Scenario scenario, String... names) throws IOException {
        return recorded(Duration.ZERO, scenario, names);
    }

    @Test
    void seesWhichKernelWasChosenAndWhyAndEachMoveToAnotherOne() throws IOException {
        List<RecordedEvent> events = recorded(() -> {
            SimKernel sim = SimKernel.create(1, SimFaults.none());
            TamperedKernel second = new TamperedKernel(sim);
            second.refusing = 1;
            try (Bed bed = Bed.steps(sim, Bed.SMALL, new TamperedKernel(sim), second, new TamperedKernel(sim))) {
                bed.connect();
                bed.accepted();
                bed.engine.forceUnhealthy();
                bed.turns(3);
            }
        }, "KernelOpened", "Failover");
        assertThat(events).extracting(event -> event.getEventType().getName())
                .containsExactly("hotpath.KernelOpened", "hotpath.KernelOpened", "hotpath.Failover");
        assertThat(events.get(0).getString("kernel")).isEqualTo("sim");
        assertThat(events.get(0).getString("refusal")).isNull();
        assertThat(events.get(1).getString("refusal")).contains("EPERM");
        assertThat(events.get(2).getString("cause")).isEqualTo("forced");
        assertThat(events.get(2).getString("from")).isEqualTo("sim");
        assertThat(events.get(2).getInt("connections")).isEqualTo(1);
        assertThat(events.get(2).getDuration()).isPositive();
    }

    @Test
    void seesAConnectionThatSitsAtItsQuota() throws IOException {
        List<RecordedEvent> events = recorded(() -> {
            try (Bed bed = Bed.sim(Bed.SMALL)) {
                Client client = bed.connect();
                Side side = bed.accepted();
                client.send(new byte[20_000]);
                bed.until("at its quota", () -> bed.engine.stats().quotaStuck() == 1);
                side.reaction = Side.RELEASE;
                side.releaseAll();
                bed.until("all", () -> side.received() == 20_000);
            }
        }, "QuotaStuck");
        assertThat(events).hasSize(1);
        assertThat(events.getFirst().getInt("leases")).isEqualTo(8);
        assertThat(events.getFirst().getLong("demand")).isPositive();
    }

    @Test
    void seesOnePeriodWithoutBuffers() throws IOException {
        EngineConfig one = Bed.SMALL.withBuffers(2, 1024).withLeaseQuota(2);
        List<RecordedEvent> events = recorded(() -> {
            try (Bed bed = Bed.sim(one)) {
                for (int i = 0; i < 4; i++) {
                    Client client = bed.connect();
                    bed.accepted();
                    client.send(new byte[4_000]);
                }
                bed.until("short", () -> bed.engine.stats().kernelBuffers() == 0);
                bed.turns(5);
                for (Side side : bed.reports.sides) {
                    side.reaction = Side.RELEASE;
                    side.releaseAll();
                }
                bed.until("all", () -> bed.reports.sides.stream().allMatch(side -> side.received() == 4_000));
                bed.turns(5);
            }
        }, "BuffersShort");
        assertThat(events).isNotEmpty();
        assertThat(events.getFirst().getInt("waits")).isPositive();
        assertThat(events.getFirst().getDuration()).isPositive();
    }

    @Test
    void seesConnectionsThatALimitEnded() throws IOException {
        List<RecordedEvent> events = recorded(() -> {
            try (Bed bed = Bed.sim(Bed.SMALL.withConnectionsMax(1))) {
                Client refused;
                bed.connect();
                Side side = bed.accepted();
                refused = bed.connect();
                bed.until("refused", () -> bed.engine.stats().refused() == 1 && refused.sawReset());
                side.connection.reset();
                bed.until("closed", side::closed);
            }
        }, "ConnectionReset");
        assertThat(events).hasSize(1);
        assertThat(events.getFirst().getString("limit")).isEqualTo("connectionsMax");
    }

    @Test
    void seesOnlyTurnsThatTakeLongerThanItsThreshold() throws IOException {
        Scenario turns = () -> {
            try (Bed bed = Bed.sim(Bed.SMALL)) {
                bed.turns(10);
            }
        };
        assertThat(recorded(turns, "SlowTurn")).hasSizeGreaterThan(5)
                .allMatch(event -> !event.getDuration().isNegative());
        assertThat(recorded(Duration.ofHours(1), turns, "SlowTurn")).isEmpty();
    }

    @Test
    void seesALoopThatTheWatchdogFoundBlocked() throws IOException {
        List<RecordedEvent> events = recorded(() -> {
            Watchdog watchdog = new Watchdog(3_600_000);
            Pulse pulse = new Pulse();
            watchdog.watch(pulse);
            pulse.runs();
            for (int i = 0; i <= Watchdog.LOOKS; i++) {
                watchdog.look();
            }
            watchdog.leave(pulse);
        }, "LoopBlocked");
        assertThat(events).hasSize(1);
        assertThat(events.getFirst().getThread("loop").getJavaName()).isEqualTo(Thread.currentThread().getName());
        assertThat(events.getFirst().getString("stack")).contains("seesALoopThatTheWatchdogFoundBlocked");
    }

    @Test
    void everyEventIsInTheDocument() throws IOException {
        Set<String> names = new TreeSet<>();
        for (Class<?> each : Flight.class.getDeclaredClasses()) {
            names.add(each.getAnnotation(jdk.jfr.Name.class).value());
        }
        String documented = Files.readString(Path.of("../docs/metrics.md"));
        assertThat(names).hasSize(7).allSatisfy(name -> assertThat(documented).contains("`" + name + "`"));
    }

    @Test
    void measuresNoTurnWithoutARecording() {
        assertThat(Flight.turns(Flight.slowTurn())).isFalse();
        assertThat(Flight.failover()).isNull();
    }

    /** Run in a JVM that has no flight recorder. */
    static final class WithoutRecorder {
        public static void main(String[] args) {
            EngineConfig config = EngineConfig.DEFAULT.withBuffers(2, 1024).withLeaseQuota(2)
                    .withPolicy(KernelPolicy.EPOLL);
            try (Engine engine = Engine.open(config)) {
                engine.forceUnhealthy();
                engine.run(0);
                engine.run(0);
                System.out.println("failovers " + engine.stats().failovers());
            }
        }
    }

    @Test
    void anEngineWorksInARuntimeWithoutFlightRecorder() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--limit-modules", "java.base,java.logging", "--enable-native-access=ALL-UNNAMED", "-ea",
                "-cp", System.getProperty("java.class.path"), WithoutRecorder.class.getName())
                .redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("failovers 1");
    }

    @Test
    void seesAConnectionThatRanOutOfTimeOnce() throws IOException {
        List<RecordedEvent> events = recorded(() -> {
            try (Bed bed = Bed.sim(Bed.SMALL.withLimits(Limits.OFF.withIdle(Duration.ofMillis(80))))) {
                bed.connect();
                Side side = bed.accepted();
                bed.until("timed out", side::closed);
            }
        }, "ConnectionReset");
        assertThat(events).hasSize(1);
        assertThat(events.getFirst().getString("limit")).isEqualTo("IDLE");
    }
}
