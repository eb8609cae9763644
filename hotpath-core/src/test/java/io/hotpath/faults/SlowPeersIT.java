package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F-09, F-52, F-57: peers that hardly read, that send a byte at a time, that stand still. */
@Tag("forked")
final class SlowPeersIT {
    private static final int SHORT_ROUNDS_MAX = 10;

    private static final int SYS_KILL = 62;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    /** With little room on both sides and more connections than buffers, blocked sends are cancelled and continued. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void shortSendsAreContinuedWhereTheyEnded(String kernel) {
        long sendShort = 0;
        for (int round = 0; round < SHORT_ROUNDS_MAX && sendShort == 0; round++) {
            sendShort = echoToPeersThatReadLittle(kernel);
        }
        assertThat(sendShort).as("sends that were short").isPositive();
    }

    /** Returns how many sends were short; a send that waits for all of its bytes need not be. */
    private static long echoToPeersThatReadLittle(String kernel) {
        int peers = 32;
        int bytes = 256 << 10;
        try (EchoBed bed = EchoBed.open(kernel + " buffers=32 sndbuf=1 copies=8388608")) {
            Peers.inParallel(peers, index -> {
                try (Socket peer = Peers.connect(bed.port(), 2304, 0)) {
                    byte[] data = new byte[bytes];
                    new Random(index).nextBytes(data);
                    Thread writer = Thread.ofPlatform().start(() -> write(peer, data));
                    byte[] back = new byte[bytes];
                    for (int at = 0; at < bytes;) {
                        int n = peer.getInputStream().read(back, at, Math.min(1024, bytes - at));
                        assertThat(n).as("at " + at + " of peer " + index).isPositive();
                        at += n;
                    }
                    writer.join();
                    assertThat(back).isEqualTo(data);
                }
            });
            return bed.end((long) peers * bytes).number("sendShort");
        }
    }

    /** Fifty peers drip, and nobody wants their drops: they may not hold what a normal client needs. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void dripThatNobodyReadsKeepsNobodyWaiting(String kernel) throws IOException {
        int peers = 50;
        int drops = 100;
        long normalBytes = 4 << 20;
        try (EchoBed bed = EchoBed.open(kernel + " reluctant=true")) {
            List<Socket> dripping = new ArrayList<>();
            for (int i = 0; i < peers; i++) {
                Socket peer = Peers.connect(bed.port());
                Peers.exchange(peer, new byte[]{ChildEcho.DRIP});
                dripping.add(peer);
            }
            for (int drop = 0; drop < drops; drop++) {
                for (Socket peer : dripping) {
                    peer.getOutputStream().write(drop);
                }
            }
            Answer dripped = bed.until("more drops than buffers were received", s -> s.number("receives") > 2 * 64);
            ChecksumClient.echo(bed.port(), normalBytes, 9);
            assertThat(dripped.number("bytesOut")).as("of the drips, only the first bytes").isEqualTo(peers);

            bed.child().ask("resume");
            for (Socket peer : dripping) {
                byte[] back = peer.getInputStream().readNBytes(drops);
                for (int drop = 0; drop < drops; drop++) {
                    assertThat(back[drop]).isEqualTo((byte) drop);
                }
                peer.close();
            }
            Answer end = bed.end((long) peers * (drops + 1) + normalBytes);
            assertThat(end.number("copiedOut")).as("drops that had to leave the ring").isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void stoppedPeerHoldsUpNobodyAndGetsEverythingWhenItGoesOn(String kernel) throws IOException {
        long bytes = 64 << 20;
        try (EchoBed bed = EchoBed.open(kernel); Child peer = Child.start()) {
            peer.send("peer 127.0.0.1 " + bed.port() + ' ' + bytes + " 57");
            long seen = bed.until("the peer is at it", s -> s.number("bytesIn") > 64 << 10).number("bytesIn");
            Native.syscall(SYS_KILL, peer.pid(), SIGSTOP);
            try {
                ChecksumClient.echo(bed.port(), 4 << 20, 58);
                ChecksumClient.echo(bed.port(), 4 << 20, 59);
                assertThat(Files.readString(Path.of("/proc/" + peer.pid() + "/status"))).contains("State:\tT");
                assertThat(seen).as("it was stopped midway").isLessThan(bytes);
                bed.until("nobody but the peer is there", s -> s.number("connections") == 1);
            } finally {
                Native.syscall(SYS_KILL, peer.pid(), SIGCONT);
            }
            assertThat(peer.next().number("bytes")).isEqualTo(bytes);
            bed.end(bytes + (8 << 20));
        }
    }

    private static void write(Socket peer, byte[] data) {
        try {
            OutputStream out = peer.getOutputStream();
            out.write(data);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
