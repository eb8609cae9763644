package io.hotpath.reactor;

import static org.assertj.core.api.SoftAssertions.assertSoftly;

import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** What must be true when a loop has ended, whatever happened before. */
final class Audit {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private Audit() {}

    /** Everything came home and nothing impossible happened. */
    static void clean(EngineStats stats) {
        clean(stats, 0, 0);
    }

    /** As {@link #clean(EngineStats)}, after a test that makes mistakes on purpose. */
    static void clean(EngineStats stats, long handlerFailures, long staleLeases) {
        assertSoftly(softly -> {
            softly.assertThat(stats.leasesHeld()).as("leases held").isZero();
            softly.assertThat(stats.copiesHeld()).as("copies held").isZero();
            softly.assertThat(stats.connections()).as("connections").isZero();
            softly.assertThat(stats.quotaStuck()).as("stuck at quota").isZero();
            softly.assertThat(stats.staleCompletions()).as("stale completions").isZero();
            softly.assertThat(stats.unexpectedErrnos()).as("unexpected errnos").isZero();
            softly.assertThat(stats.staleLeases()).as("stale leases").isEqualTo(staleLeases);
            softly.assertThat(stats.handlerFailures()).as("handler failures").isEqualTo(handlerFailures);
        });
    }

    /** The process's sockets, rings and eventfds, each by its inode. */
    static Set<String> descriptors() {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> all = Files.list(DESCRIPTORS)) {
            for (Path fd : all.toList()) {
                try {
                    String target = Files.readSymbolicLink(fd).toString();
                    if (target.startsWith("socket:") || target.contains("io_uring") || target.contains("eventfd")) {
                        found.add(fd.getFileName() + " " + target);
                    }
                } catch (IOException closedMeanwhile) {
                    // the descriptor of the listing itself
                }
            }
        } catch (IOException unreadable) {
            throw new AssertionError(unreadable);
        }
        return found;
    }

    /** Waits until nothing is open but {@code before}. */
    static void awaitDescriptors(Set<String> before) {
        Set<String> more = new TreeSet<>();
        try {
            Await.until("descriptors closed", () -> {
                more.clear();
                more.addAll(descriptors());
                more.removeAll(before);
                return more.isEmpty();
            });
        } catch (AssertionError late) {
            throw new AssertionError("descriptors left open: " + more, late);
        }
    }

    /** Makes the JDK open what it polls the sockets of virtual threads with; it keeps that. */
    static void openPollers() {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Future<Integer> reader = Peer.run(() -> {
                try (Socket socket = server.accept()) {
                    socket.getOutputStream().write('x');
                    return socket.getInputStream().read();
                }
            });
            Peer.run(() -> {
                try (Peer peer = Peer.connect(server.getLocalPort())) {
                    return peer.read(1);
                }
            }).get(20, TimeUnit.SECONDS);
            reader.get(20, TimeUnit.SECONDS);
        } catch (IOException | InterruptedException | ExecutionException | TimeoutException failed) {
            throw new AssertionError(failed);
        }
    }

    static long loopThreads() {
        return Thread.getAllStackTraces().keySet().stream().filter(HotpathThread.class::isInstance).count();
    }
}
