package io.hotpath.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.linux.Held;
import io.hotpath.kernel.linux.UringHost;
import io.hotpath.ring.ProbeReport.Status;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** The probe on the kernel of this machine. */
@Isolated("it counts the descriptors of the process")
final class ProbeIT {
    @BeforeEach
    void requireUring() {
        UringHost.require();
    }

    @Test
    void findsEveryRequiredFeatureWhereIoUringIsPermitted() {
        ProbeReport report = HotpathRing.probe();

        assertThat(report.verdict().kernel()).as("%s", report).isEqualTo("io_uring");
        assertThat(report.verdict().refusedBy()).isEmpty();
        assertThat(HotpathRing.supported()).isTrue();
        int index = 0;
        for (Check check : Check.values()) {
            Status status = report.features().get(index++).status();
            if (check.required()) {
                assertThat(status).as("%s", check).isEqualTo(Status.OK);
            }
        }
    }

    @Test
    void leavesNoDescriptorMappingOrThread() {
        HotpathRing.probe();
        Held before = Held.now();
        for (int i = 0; i < 20; i++) {
            HotpathRing.probe();
        }

        assertThat(Held.since(before)).isEmpty();
        assertThat(Thread.getAllStackTraces().keySet()).noneMatch(thread -> thread.getName().equals("hotpath-probe"));
    }

    @Test
    void runsOnAnyThreadAlsoOnAVirtualOne() {
        var probed = CompletableFuture.supplyAsync(HotpathRing::supported, Thread::startVirtualThread);

        assertThat(probed.join()).isTrue();
    }

    @Test
    void doctorSaysThatIoUringIsUsable() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        int status = Doctor.print(
                Host.facts(), HotpathRing.probe(), new PrintStream(bytes, true, StandardCharsets.UTF_8));

        assertThat(status).isZero();
        assertThat(bytes.toString(StandardCharsets.UTF_8).lines())
                .anyMatch(line -> line.startsWith("multishot recv             ok "))
                .contains("verdict                    usable: the policy auto takes io_uring");
    }
}
