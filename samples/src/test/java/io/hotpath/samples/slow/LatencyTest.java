package io.hotpath.samples.slow;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestPeer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What is measured by {@code benchmarks/slow-consumer}: both kinds of slowness, and that neither stops the others. */
class LatencyTest {
    @Test
    void aSlowHandlerAndASlowPeerStopNobodyElse() {
        try (HotpathTest test = HotpathTest.setup().buffers(8, 64).server(LatencyMain.server())) {
            HotpathTestPeer slowHandler = test.connect();
            slowHandler.send("S" + "x".repeat(100_000));
            HotpathTestPeer slowPeer = test.connect();
            slowPeer.window(0);
            slowPeer.send(new byte[1 << 20]);
            assertThat(slowHandler.unread()).isGreaterThan(90_000);
            assertThat(slowPeer.unread()).isGreaterThan(500_000);
            for (int i = 0; i < 98; i++) {
                HotpathTestPeer other = test.connect();
                other.send("message " + i);
                assertThat(other.takeText()).isEqualTo("message " + i);
            }
            int before = slowHandler.unread();
            test.advanceTime(Duration.ofSeconds(10));
            assertThat(slowHandler.unread()).isLessThan(before);
            slowPeer.window(Integer.MAX_VALUE);
            assertThat(slowPeer.take()).hasSize(1 << 20);
        }
    }
}
