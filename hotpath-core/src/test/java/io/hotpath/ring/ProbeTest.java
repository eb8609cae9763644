package io.hotpath.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.Errno;
import io.hotpath.kernel.Kernel;
import io.hotpath.kernel.KernelRefused;
import io.hotpath.kernel.KernelRefused.Reason;
import io.hotpath.ring.ProbeReport.Feature;
import io.hotpath.ring.ProbeReport.Status;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the probe says of hosts that refuse, and how the doctor prints it. */
final class ProbeTest {
    @ParameterizedTest
    @CsvSource({
        "SYSCTL, sysctl kernel.io_uring_disabled=, sysctl -w kernel.io_uring_disabled=0",
        "BLOCKED, seccomp filter or security module, '425, 426, 427'",
        "MEMLOCK, limit on locked memory, ulimit -l",
        "TOO_OLD, kernel too old, Linux 6.1",
        "NOT_LINUX, not Linux, 64-bit Linux",
        "DESCRIPTORS, limit on open files, ulimit -n",
        "OTHER, unknown, report it"
    })
    void namesWhoRefusedAndTheNextStep(Reason reason, String who, String next) {
        ProbeReport report = Probe.run(() -> refusing(reason, "io_uring_setup"));

        assertThat(report.verdict().ioUring()).isFalse();
        assertThat(report.verdict().kernel()).isEqualTo(reason == Reason.NOT_LINUX ? "none" : "epoll");
        assertThat(report.verdict().refusedBy()).startsWith(who);
        assertThat(report.verdict().reason()).contains("io_uring_setup: EPERM").contains("because");
        assertThat(report.verdict().nextStep()).contains(next);
        boolean container = reason == Reason.SYSCTL || reason == Reason.BLOCKED || reason == Reason.MEMLOCK;
        assertThat(report.verdict().nextStep().contains("docs/containers.md")).isEqualTo(container);
    }

    @ParameterizedTest
    @EnumSource(Reason.class)
    void reportsEveryFeatureInTheSameOrderWhateverIsRefused(Reason reason) {
        ProbeReport report = Probe.run(() -> refusing(reason, "io_uring_setup"));

        assertThat(report.features()).hasSize(Check.values().length);
        assertThat(report.features()).extracting(Feature::name).startsWith("io_uring_setup", "io_uring_enter",
                "io_uring_register").endsWith("buffer ring status");
        assertThat(report.features().getFirst().status())
                .isEqualTo(reason == Reason.TOO_OLD ? Status.ABSENT : Status.REFUSED);
        assertThat(report.features().subList(1, report.features().size()))
                .allSatisfy(feature -> assertThat(feature.status()).isEqualTo(Status.ABSENT))
                .allSatisfy(feature -> assertThat(feature.detail()).startsWith("not tried"));
    }

    @ParameterizedTest
    @CsvSource({"io_uring_enter, 1", "io_uring_register(ENABLE_RINGS), 2"})
    void namesTheSystemCallThatAFilterForbids(String operation, int index) {
        ProbeReport report = Probe.run(() -> refusing(Reason.BLOCKED, operation));

        assertThat(report.features().getFirst().status()).isEqualTo(Status.OK);
        assertThat(report.features().get(index).status()).isEqualTo(Status.REFUSED);
        assertThat(report.features().get(index).detail()).contains(operation);
        assertThat(report.verdict().refusedBy()).isEqualTo("seccomp filter or security module");
    }

    @Test
    void anotherOperatingSystemIsToldSo() {
        ProbeReport report = Probe.run(() -> {
            throw new UnsupportedOperationException("Hotpath needs Linux, this is Plan 9");
        });

        assertThat(report.verdict().refusedBy()).isEqualTo("not Linux");
        assertThat(report.verdict().reason()).contains("Plan 9");
        assertThat(report.features().getFirst().status()).isEqualTo(Status.ABSENT);
    }

    @Test
    void jvmThatDeniesNativeAccessIsNamed() {
        Kernel denied = kernel(new ExceptionInInitializerError(new IllegalCallerException("Illegal native access")));

        ProbeReport report = Probe.run(() -> denied);

        assertThat(report.verdict().refusedBy()).isEqualTo("this JVM");
        assertThat(report.verdict().reason()).isEqualTo("Illegal native access");
        assertThat(report.verdict().nextStep()).contains("--enable-native-access");
    }

    @Test
    void bugInTheProbeIsReportedAndNotThrown() {
        ProbeReport report = Probe.run(() -> {
            throw new IllegalStateException();
        });

        assertThat(report.verdict().refusedBy()).isEqualTo("unknown");
        assertThat(report.verdict().reason()).contains("IllegalStateException");
    }

    /** This kernel takes everything and completes nothing. */
    @Test
    void kernelThatNeverCompletesIsGivenUpAndGivenBack() {
        FakeKernel kernel = new FakeKernel();
        kernel.nanosPerLook = 1_000_000_000;

        ProbeReport report = Probe.run(() -> kernel);

        assertThat(report.verdict().ioUring()).isFalse();
        assertThat(report.features().get(1).status()).isEqualTo(Status.REFUSED);
        assertThat(report.features().get(1).detail()).contains("no completion in time");
        assertThat(kernel.ring().closed).isTrue();
        assertThat(kernel.mapped).isEmpty();
    }

    @Test
    void interruptedCallerStaysInterrupted() {
        Thread.currentThread().interrupt();

        ProbeReport report = Probe.run(() -> refusing(Reason.SYSCTL, "io_uring_setup"));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(report.features()).isNotEmpty();
    }

    @Test
    void doctorPrintsAlignedLinesAndTheNextStep() {
        ProbeReport report = Probe.run(() -> refusing(Reason.SYSCTL, "io_uring_setup"));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        int status = Doctor.print(
                Map.of("kernel release", "Linux 6.18"), report, new PrintStream(bytes, true, StandardCharsets.UTF_8));

        assertThat(status).isEqualTo(1);
        assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
                .contains("kernel release             Linux 6.18")
                .contains("io_uring_setup             refused  io_uring_setup: EPERM, Operation not permitted [5.1]")
                .contains("reason                     io_uring_setup: EPERM (Operation not permitted); because")
                .contains("multishot recv             absent   not tried: there is no ring [6.0]")
                .anyMatch(line -> line.startsWith("verdict                    not usable"))
                .anyMatch(line -> line.startsWith("refused by                 sysctl kernel.io_uring_disabled="))
                .anyMatch(line -> line.startsWith("next step                  as root: sysctl -w"));
    }

    @Test
    void readsTheFactsOfThisHost() {
        assertThat(Host.facts())
                .containsKeys(
                        "kernel release", "kernel.io_uring_disabled", "kernel.io_uring_group",
                        "locked memory (ulimit -l)", "open files (ulimit -n)", "net.core.somaxconn", "JDK")
                .allSatisfy((_, value) -> assertThat(value).isNotBlank());
    }

    private static Kernel refusing(Reason reason, String operation) {
        return kernel(new KernelRefused(reason, operation, Errno.EPERM, "because"));
    }

    /** Throws when a ring is opened. */
    private static Kernel kernel(Throwable thrown) {
        return (Kernel) Proxy.newProxyInstance(
                Kernel.class.getClassLoader(), new Class<?>[]{Kernel.class}, (_, method, _) -> {
                    if (method.getName().equals("openRing")) {
                        throw thrown;
                    }
                    return null;
                });
    }
}
