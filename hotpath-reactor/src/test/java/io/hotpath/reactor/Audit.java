package io.hotpath.reactor;

import static org.assertj.core.api.SoftAssertions.assertSoftly;

import io.hotpath.engine.EngineStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
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

    static long loopThreads() {
        return Thread.getAllStackTraces().keySet().stream().filter(HotpathThread.class::isInstance).count();
    }
}
