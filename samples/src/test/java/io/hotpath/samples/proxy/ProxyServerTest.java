package io.hotpath.samples.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestListener;
import io.hotpath.reactor.HotpathTestPeer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ProxyServerTest {
    private static final int PORT = 9000;

    private static HotpathTest proxy() {
        return HotpathTest.server(ProxyServer.create("127.0.0.1", PORT));
    }

    @Test
    void passesBytesAndEndsOnInBothDirections() {
        try (HotpathTest test = proxy()) {
            HotpathTestListener listener = test.listen(PORT);
            HotpathTestPeer near = test.connect();
            HotpathTestPeer far = listener.accept();
            near.send("question");
            near.finish();
            assertThat(far.takeText()).isEqualTo("question");
            assertThat(far.sawEnd()).isTrue();
            assertThat(near.sawEnd()).isFalse();
            far.send("answer");
            far.finish();
            assertThat(near.takeText()).isEqualTo("answer");
            assertThat(near.sawEnd()).isTrue();
        }
    }

    @Test
    void aSideThatDoesNotReadHoldsTheOtherOneBack() {
        try (HotpathTest test = proxy()) {
            HotpathTestListener listener = test.listen(PORT);
            HotpathTestPeer near = test.connect();
            HotpathTestPeer far = listener.accept();
            far.window(0);
            byte[] data = new byte[16 << 20];
            new Random(1).nextBytes(data);
            near.send(data);
            assertThat(near.unread()).as("bytes that the proxy did not take").isGreaterThan(14 << 20);
            far.window(Integer.MAX_VALUE);
            assertThat(near.unread()).isZero();
            assertThat(far.take()).isEqualTo(data);
        }
    }

    @Test
    void aResetOfEitherSideResetsTheOther() {
        try (HotpathTest test = proxy()) {
            HotpathTestListener listener = test.listen(PORT);
            HotpathTestPeer near = test.connect();
            HotpathTestPeer far = listener.accept();
            near.reset();
            assertThat(far.sawReset()).isTrue();
            near = test.connect();
            far = listener.accept();
            far.reset();
            assertThat(near.sawReset()).isTrue();
        }
    }

    @Test
    void nobodyBehindItIsAResetOfTheClient() {
        try (HotpathTest test = proxy()) {
            assertThat(test.connect().sawReset()).isTrue();
        }
    }

    @Test
    void losesNothingUnderFaults() {
        byte[] data = new byte[5000];
        new Random(2).nextBytes(data);
        for (long seed = 1; seed <= 20; seed++) {
            try (HotpathTest test = HotpathTest.setup().seed(seed).faults(SimFaults.mild()).buffers(8, 64)
                    .server(ProxyServer.create("127.0.0.1", PORT))) {
                HotpathTestListener listener = test.listen(PORT);
                HotpathTestPeer near = test.connect();
                HotpathTestPeer far = listener.accept();
                near.sendInPieces(data);
                test.forceUnhealthy();
                far.sendInPieces(data);
                near.finish();
                far.finish();
                assertThat(far.take()).as("seed " + seed).isEqualTo(data);
                assertThat(near.take()).as("seed " + seed).isEqualTo(data);
            }
        }
    }
}
