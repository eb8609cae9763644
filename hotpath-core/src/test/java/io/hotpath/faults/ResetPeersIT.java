package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F-53, F-55, F-59: peers that reset, at each moment of a connection's life. */
@Tag("forked")
final class ResetPeersIT {
    private static final int RESETS = 25;
    private static final int SIGPIPE = 13;
    private static final int SYS_KILL = 62;

    /** More than all socket buffers between the two take, so that the echo has a send in flight. */
    private static final int FLOOD_BYTES = 8 << 20;

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void resetIsOneErrorOfOneConnectionWheneverItComes(String kernel) throws IOException {
        try (EchoBed bed = EchoBed.open(kernel)) {
            for (int i = 0; i < RESETS; i++) {
                Peers.reset(Peers.connect(bed.port())); // before a byte

                Socket midway = Peers.connect(bed.port()); // with a request that is not all there
                midway.getOutputStream().write(new byte[1000]);
                Peers.reset(midway);

                Socket idle = Peers.connect(bed.port());
                Peers.exchange(idle, new byte[1000]);
                Peers.reset(idle);

                resetWhileItAnswers(bed);
            }
            ChecksumClient.echo(bed.port(), 1 << 20, 55);

            Answer end = bed.end();
            assertThat(end.number("accepted")).isEqualTo(4 * RESETS + 1);
            assertThat(end.number("closedByFailure")).as("resets").isEqualTo(4 * RESETS);
            assertThat(end.text("lastErrno")).isIn("ECONNRESET", "EPIPE");
            assertThat(end.text("noDelay")).as("TCP_NODELAY of what was accepted").isEqualTo("1");
        }
    }

    /** A send to a peer that is gone raises a signal, unless it is told not to; here that would be the end. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void sendToAPeerThatResetDoesNotKillTheProcess(String kernel) throws IOException {
        try (EchoBed bed = EchoBed.open(kernel)) {
            Child child = bed.child();
            assertThat(child.ask("sigpipe").number("result")).isZero();
            assertThat(handledOrIgnored(child.pid())).as("SIGPIPE").isFalse();
            for (int i = 0; i < RESETS; i++) {
                resetWhileItAnswers(bed);
            }
            ChecksumClient.echo(bed.port(), 1 << 20, 53);
            assertThat(bed.end().number("closedByFailure")).isEqualTo(RESETS);

            Native.syscall(SYS_KILL, child.pid(), SIGPIPE); // and it really was deadly
            assertThat(child.exitCode()).isEqualTo(128 + SIGPIPE);
        }
    }

    /** The echo holds bytes that the peer does not take: a send is in flight when the reset comes. */
    private static void resetWhileItAnswers(EchoBed bed) throws IOException {
        Socket peer = Peers.connect(bed.port(), 4096, 0);
        long inBefore = bed.count("bytesIn");
        long outBefore = bed.count("bytesOut");
        Thread writer = Thread.ofPlatform().start(() -> {
            try {
                OutputStream out = peer.getOutputStream();
                out.write(new byte[FLOOD_BYTES]);
            } catch (IOException reset) {
                // as it should be
            }
        });
        bed.until("more came than went", s -> s.number("bytesIn") - inBefore > 64 << 10
                && s.number("bytesIn") - inBefore > s.number("bytesOut") - outBefore);
        Peers.reset(peer);
        try {
            writer.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    private static boolean handledOrIgnored(long pid) throws IOException {
        long mask = 1L << (SIGPIPE - 1);
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("SigIgn:") || line.startsWith("SigCgt:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & mask) != 0);
    }
}
