package io.hotpath.samples.slow;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestPeer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlowConsumerTest {
    /** What would be printed, without the time. */
    private static final class Lines extends Progress {
        final List<String> lines = new ArrayList<>();

        @Override
        void print(String line) {
            lines.add(line);
        }
    }

    @Test
    void takesABurstThenLetsThePeerWait() {
        Lines progress = new Lines();
        try (HotpathTest test =
                HotpathTest.setup().buffers(4, 1024)
                        .server(SlowConsumer.create(100 << 10, Duration.ofSeconds(2), progress))) {
            HotpathTestPeer peer = test.connect();
            peer.send(new byte[1 << 20]);
            int waiting = peer.unread();
            assertThat(waiting).as("bytes in the peer's socket").isGreaterThan(500 << 10);
            assertThat(progress.taken()).isEqualTo(100 << 10);
            test.advanceTime(Duration.ofMillis(1900));
            assertThat(peer.unread()).isEqualTo(waiting);
            test.advanceTime(Duration.ofMillis(200));
            assertThat(peer.unread()).isLessThan(waiting);
            assertThat(progress.lines).containsExactly(
                    "consumer took 100 KiB, pauses", "consumer took 100 KiB, resumes",
                    "consumer took 200 KiB, pauses");
            test.advanceTime(Duration.ofSeconds(30));
            assertThat(progress.taken()).isEqualTo(1 << 20);
        }
    }
}
