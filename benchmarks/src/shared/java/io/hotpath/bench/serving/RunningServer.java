package io.hotpath.bench.serving;

import java.util.Map;
import java.util.function.Supplier;

/**
 * A server that listens.
 *
 * @param port     the real one
 * @param facts    what it really runs on, such as {@code channel=EpollServerSocketChannel}
 * @param counters what it counts beside what the JVM does, asked at any time from any thread
 */
public record RunningServer(int port, Map<String, String> facts, Supplier<Map<String, Long>> counters) {
    /** One that counts nothing. */
    public RunningServer(int port, Map<String, String> facts) {
        this(port, facts, Map::of);
    }
}
