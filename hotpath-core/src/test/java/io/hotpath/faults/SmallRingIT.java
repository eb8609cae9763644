package io.hotpath.faults;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** F-02, F-03, F-21: rings of hardly any buffers on real kernels, and counters that wrap. */
@Tag("forked")
final class SmallRingIT {
    private static final int CONNECTIONS = 64;

    @ParameterizedTest
    @CsvSource({"io_uring, 1", "io_uring, 2", "io_uring, 4", "epoll, 1", "epoll, 4"})
    void manyConnectionsLoseNothingThroughAFewBuffers(String kernel, int buffers) {
        long bytes = 128 << 10;
        try (EchoBed bed = EchoBed.open(kernel + " buffers=" + buffers)) {
            Peers.inParallel(CONNECTIONS, index -> ChecksumClient.echo(bed.port(), bytes, index));

            Answer end = bed.end(CONNECTIONS * bytes);
            assertThat(end.number("enobufs")).as("receives that found no buffer").isPositive();
        }
    }

    /** The tail of a buffer ring is 16 bits wide: it wraps three times. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void tailOfTheBufferRingWraps(String kernel) {
        int buffer = 128;
        long receives = 200_000;
        long bytes = receives * buffer / 8;
        try (EchoBed bed = EchoBed.open(kernel + " buffers=8 bytes=" + buffer)) {
            Peers.inParallel(8, index -> ChecksumClient.echo(bed.port(), bytes, 21 + index));

            Answer end = bed.end(8 * bytes);
            assertThat(end.number("receives")).isGreaterThan(3 * 65_536);
        }
    }
}
