package io.hotpath.samples.filedrop;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.samples.Child;
import io.hotpath.samples.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Uploads with nc and socat. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FileDropIT {
    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"nc -N 127.0.0.1 PORT", "socat -t60 - TCP:127.0.0.1:PORT"})
    void storesAnUploadOf32MiB(String uploader) throws Exception {
        byte[] data = new byte[32 << 20];
        new Random(1).nextBytes(data);
        Path file = Files.write(directory.resolve("file"), data);
        Path store = Files.createDirectory(directory.resolve("store"));
        try (Child drop = Child.start(FileDropMain.class, "--port", "0", "--dir", store.toString())) {
            String[] command = uploader.replace("PORT", Integer.toString(drop.awaitPort())).split(" ");
            try (Tool tool = Tool.start(file, command[0].equals("nc") ? "netcat-openbsd" : "socat", command)) {
                String[] answer = tool.lines().getFirst().split(" ");
                assertThat(answer).contains(
                        Integer.toString(data.length),
                        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data)));
                assertThat(store.resolve(answer[0])).hasBinaryContent(data);
            }
            drop.endsInOrder();
        }
    }

    @Test
    void aSlowDiskHoldsNcBack() throws Exception {
        try (Child drop = Child.start(
                FileDropMain.class, "--port", "0", "--dir", directory.toString(), "--disk-kib-per-second", "64")) {
            int port = drop.awaitPort();
            try (Tool nc = Tool.start("netcat-openbsd", "nc", "127.0.0.1", Integer.toString(port))) {
                AtomicLong written = new AtomicLong();
                Thread writer = Thread.startVirtualThread(() -> writeUntilKilled(nc, written));
                long before;
                do { // until a second passes in which it took no more than the disk: sockets and pipe are full
                    before = written.get();
                    writer.join(1000);
                } while (written.get() - before > 512 << 10);
                assertThat(written.get()).isBetween(1L, 64L << 20);
            }
            drop.endsInOrder();
        }
    }

    private static void writeUntilKilled(Tool nc, AtomicLong written) {
        byte[] bytes = new byte[4096];
        try {
            while (true) {
                nc.process().getOutputStream().write(bytes);
                written.addAndGet(bytes.length);
            }
        } catch (IOException killed) {
            // the end of the test
        }
    }
}
