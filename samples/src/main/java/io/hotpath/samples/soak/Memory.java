package io.hotpath.samples.soak;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the process holds.
 *
 * @param heapKib live objects after a collection
 * @param rssKib  resident memory
 */
record Memory(long heapKib, long rssKib) {
    private static final long HEAP_SLACK_KIB = 8 << 10;
    private static final long RSS_SLACK_KIB = 48 << 10;

    static Memory now() throws IOException {
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 10;
        String rss = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .findFirst()
                .orElseThrow();
        return new Memory(heap, Long.parseLong(rss.replaceAll("\\D", "")));
    }

    /** Whether it has not grown by more than a fifth and some noise since {@code before}. */
    boolean flatSince(Memory before) {
        return heapKib <= before.heapKib * 6 / 5 + HEAP_SLACK_KIB && rssKib <= before.rssKib * 6 / 5 + RSS_SLACK_KIB;
    }

    @Override
    public String toString() {
        return "heap " + heapKib + " KiB, rss " + rssKib + " KiB";
    }
}
