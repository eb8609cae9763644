package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** An audit that finds nothing must have been able to find something. */
final class ClosingAuditTest {
    @Test
    void findsADescriptorThatIsLeft() throws IOException {
        ClosingAudit before = ClosingAudit.ofThisProcess();
        try (ServerSocket left = new ServerSocket(0)) {
            assertThat(left.isBound()).isTrue();
            assertThatThrownBy(before::requireNoMore).hasMessageContaining("socket=1");
        }
        before.requireNoMore();
    }

    @Test
    void findsAThreadThatIsLeft() throws InterruptedException {
        ClosingAudit before = ClosingAudit.ofThisProcess();
        CountDownLatch end = new CountDownLatch(1);
        Thread left = Thread.ofPlatform().name("left-behind").start(() -> {
            try {
                end.await();
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        assertThatThrownBy(before::requireNoMore).hasMessageContaining("left-behind=1");
        end.countDown();
        left.join();
        before.requireNoMore();
    }

    @Test
    void findsAConnectionThatItsProcessClosedAndThatLivesOn() throws IOException {
        ClosingAudit before = ClosingAudit.ofThisProcess();
        int port;
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort())) {
            port = server.getLocalPort();
            assertThat(client.isConnected()).isTrue();
            server.accept().close(); // its peer does not
            assertThatThrownBy(() -> before.requireNoOrphans(port)).hasMessageContaining("1 sockets of port " + port);
        }
        before.requireNoOrphans(port);
    }
}
