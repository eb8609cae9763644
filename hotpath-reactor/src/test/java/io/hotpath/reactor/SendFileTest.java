package io.hotpath.reactor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hotpath.KernelPolicy;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;

/** Files as they go out: every byte of the part that was asked for, or an error; never a descriptor left open. */
@Timeout(60)
class SendFileTest {
    private static final int MIB = 1 << 20;

    @TempDir Path directory;

    @RegisterExtension final Servers servers = new Servers();

    private final AtomicReference<Throwable> dropped = new AtomicReference<>();
    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("file");
        Hooks.onErrorDropped(dropped::set);
    }

    @AfterEach
    void closed() {
        Await.until("the file is closed", () -> !isOpen());
        Hooks.resetOnErrorDropped();
        assertThat(dropped.get()).as("errors that nobody heard").isNull();
    }

    private boolean isOpen() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.anyMatch(fd -> {
                try {
                    return Files.readSymbolicLink(fd).toString().startsWith(file.toString());
                } catch (IOException closed) {
                    return false;
                }
            });
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private HotpathServer sending(long offset, long count, CompletableFuture<Throwable> failure) {
        return Servers.local().handle((in, out) -> out.sendString(Mono.just("<"))
                .sendFile(file, offset, count)
                .sendString(Mono.just(">"))
                .then()
                .doOnError(failure::complete));
    }

    private static byte[] read(BoundServer server) {
        try (Peer peer = Peer.connect(server.port())) {
            return peer.readAll();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void sendsAPartInItsPlaceAndTheWhole(KernelPolicy policy) throws IOException {
        byte[] bytes = Peer.bytes(1, 3 * MIB + 17);
        Files.write(file, bytes);
        BoundServer server = servers.bind(Servers.local(policy).handle((in, out) -> out.sendString(Mono.just("<"))
                .sendFile(file, 7, 2 * MIB)
                .sendString(Mono.just("|"))
                .sendFile(file)
                .sendFile(file, bytes.length, 0)));
        byte[] all = read(server);
        assertThat(all).hasSize(1 + 2 * MIB + 1 + bytes.length);
        assertThat(all[0]).isEqualTo((byte) '<');
        assertThat(Arrays.equals(all, 1, 1 + 2 * MIB, bytes, 7, 7 + 2 * MIB)).isTrue();
        assertThat(Arrays.equals(all, 2 + 2 * MIB, all.length, bytes, 0, bytes.length)).isTrue();
    }

    @Test
    void sendsWhatLiesAboveTwoGibibytes() throws IOException {
        byte[] end = Peer.bytes(2, 100_000);
        long start = (2L << 30) + 5;
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.seek(start);
            sparse.write(end);
        }
        BoundServer server = servers.bind(sending(start, end.length, new CompletableFuture<>()));
        byte[] all = read(server);
        assertThat(Arrays.equals(all, 1, all.length - 1, end, 0, end.length)).isTrue();
        assertThat(all[all.length - 1]).isEqualTo((byte) '>');
    }

    @Test
    void closesTheFileWhenThePeerLeavesMidwayOfGibibytes() throws Exception {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(5L << 30);
        }
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        BoundServer server = servers.bind(sending(0, 5L << 30, failure));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.read(4 * MIB)).hasSize(4 * MIB);
            assertThat(isOpen()).isTrue();
            peer.reset();
        }
        assertThat(failure.get(30, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
    }

    @Test
    void readsNoFurtherThanThePeerDoes() throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 30);
        }
        BoundServer server = servers.bind(sending(0, 1L << 30, new CompletableFuture<>()));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.read(1)).hasSize(1);
            long[] last = {-1, System.nanoTime()};
            Await.until("standstill", () -> {
                long now = server.stats().getFirst().bytesOut();
                if (now != last[0]) {
                    last[0] = now;
                    last[1] = System.nanoTime();
                }
                return System.nanoTime() - last[1] > 300_000_000L;
            });
            assertThat(last[0]).isLessThan(100L * MIB);
            assertThat(isOpen()).isTrue();
        }
    }

    @Test
    void failsIfTheFileBecomesShorterWhileItIsSent() throws Exception {
        Files.write(file, new byte[64 * MIB]);
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        BoundServer server = servers.bind(sending(0, 64 * MIB, failure));
        try (Peer peer = Peer.connect(server.port())) {
            assertThat(peer.read(1 + MIB)).hasSize(1 + MIB);
            try (FileChannel writer = FileChannel.open(file, StandardOpenOption.WRITE)) {
                writer.truncate(100);
            }
            assertThatThrownBy(peer::readAll).hasMessageContaining("reset");
        }
        assertThat(failure.get(20, TimeUnit.SECONDS))
                .isInstanceOf(EOFException.class)
                .hasMessageContaining("became shorter");
    }

    @Test
    void failsIfThereIsNoSuchPartOrNoSuchFile() throws Exception {
        CompletableFuture<Throwable> missing = new CompletableFuture<>();
        Peer.meetEnd(servers.bind(sending(0, 1, missing)).port());
        assertThat(missing.get(20, TimeUnit.SECONDS)).isInstanceOf(NoSuchFileException.class);
        Files.write(file, "short".getBytes(UTF_8));
        for (long[] part : new long[][]{{0, 6}, {6, 0}, {5, 1}, {1, Long.MAX_VALUE}}) {
            CompletableFuture<Throwable> beyond = new CompletableFuture<>();
            Peer.meetEnd(servers.bind(sending(part[0], part[1], beyond)).port());
            assertThat(beyond.get(20, TimeUnit.SECONDS))
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining("has 5 bytes");
        }
        assertThatThrownBy(() -> FileChunks.read(file, -1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> FileChunks.read(file, 0, -1)).isInstanceOf(IllegalArgumentException.class);
    }
}
