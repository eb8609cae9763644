package io.hotpath.samples.slow;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.samples.Child;
import io.hotpath.samples.Tool;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The peer stops and goes on, its own and one of socat. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SlowConsumerIT {
    @Test
    void showsItsPeerStoppingAndGoingOn() throws Exception {
        try (Child consumer = Child.start(
                SlowConsumerMain.class, "--port", "0", "--burst-kib", "16384", "--pause-ms", "1000")) {
            consumer.awaitPort();
            List<String> seen = consumer.out().lines()
                    .filter(line -> line.contains("peer wrote"))
                    .limit(4)
                    .map(line -> line.replaceAll(".*KiB, ", ""))
                    .toList();
            assertThat(seen).containsExactly(
                    "stops: its window is closed", "goes on", "stops: its window is closed", "goes on");
            consumer.endsInOrder();
        }
    }

    @Test
    void socatIsReadBurstByBurst() throws Exception {
        try (Child consumer = Child.start(
                SlowConsumerMain.class, "--port", "0", "--burst-kib", "1024", "--pause-ms", "100", "--peer", "0")) {
            int port = consumer.awaitPort();
            try (Tool socat = Tool.start("socat", "socat", "-u", "OPEN:/dev/zero", "TCP:127.0.0.1:" + port)) {
                List<String> seen =
                        consumer.out().lines().limit(6).map(line -> line.replaceAll(".*KiB, ", "")).toList();
                assertThat(seen).containsExactly("pauses", "resumes", "pauses", "resumes", "pauses", "resumes");
                assertThat(socat.process().isAlive()).isTrue();
            }
            consumer.endsInOrder();
        }
    }
}
