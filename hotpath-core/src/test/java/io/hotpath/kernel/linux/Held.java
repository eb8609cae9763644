package io.hotpath.kernel.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What this process holds of rings and their surroundings: descriptors of io_uring, eventfds, sockets; mapped queues. */
public record Held(Set<String> entries) {
    public static Held now() {
        Set<String> entries = new TreeSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"));
                Stream<String> mappings = Files.lines(Path.of("/proc/self/maps"))) {
            descriptors.forEach(descriptor -> add(descriptor, entries));
            mappings.filter(line -> line.contains("io_uring")).forEach(entries::add);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return new Held(entries);
    }

    /** What came since; other tests may have let go of something meanwhile, which does not matter. */
    public static Set<String> since(Held before) {
        Set<String> added = new TreeSet<>(now().entries);
        added.removeAll(before.entries);
        return added;
    }

    private static void add(Path descriptor, Set<String> entries) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            if (target.startsWith("anon_inode:") || target.startsWith("socket:")) {
                entries.add(descriptor + " -> " + target);
            }
        } catch (IOException closedMeanwhile) {
            // it is the descriptor of this listing
        }
    }
}
