package io.hotpath.samples.filedrop;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.kernel.sim.SimFaults;
import io.hotpath.reactor.HotpathTest;
import io.hotpath.reactor.HotpathTestPeer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDropServerTest {
    private static final byte[] DATA = new byte[100_000];

    static {
        new Random(1).nextBytes(DATA);
    }

    @TempDir Path directory;

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.toList();
        }
    }

    @Test
    void storesWhatComesAndAnswersItsChecksum() throws Exception {
        String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(DATA));
        for (long seed = 1; seed <= 5; seed++) {
            try (HotpathTest test = HotpathTest.setup().seed(seed).faults(SimFaults.mild()).buffers(8, 1024)
                    .server(FileDropServer.create(directory, new Disk(0)))) {
                HotpathTestPeer peer = test.connect();
                peer.sendInPieces(DATA);
                peer.finish();
                String[] answer = peer.takeText().split(" ");
                assertThat(answer).contains("100000", "sha256", sha256 + "\n");
                assertThat(directory.resolve(answer[0])).hasBinaryContent(DATA);
            }
        }
        assertThat(files()).hasSize(5);
    }

    @Test
    void aSlowDiskHoldsTheUploaderBack() {
        try (HotpathTest test =
                HotpathTest.setup().buffers(4, 1024).server(FileDropServer.create(directory, new Disk(10_000)))) {
            HotpathTestPeer peer = test.connect();
            peer.send(new byte[1_000_000]);
            peer.finish();
            int first = peer.unread();
            assertThat(first).as("bytes that wait in the uploader's socket").isGreaterThan(500_000);
            test.advanceTime(Duration.ofSeconds(10));
            assertThat(first - peer.unread()).as("bytes taken in 10 s").isBetween(50_000, 150_000);
            test.advanceTime(Duration.ofSeconds(100));
            assertThat(peer.takeText()).contains(" 1000000 bytes, sha256 ");
        }
    }

    @Test
    void halfAFileIsRemoved() throws IOException {
        try (HotpathTest test = HotpathTest.server(FileDropServer.create(directory, new Disk(0)))) {
            HotpathTestPeer peer = test.connect();
            peer.send(DATA);
            assertThat(files()).hasSize(1);
            peer.reset();
            assertThat(files()).isEmpty();
        }
    }
}
