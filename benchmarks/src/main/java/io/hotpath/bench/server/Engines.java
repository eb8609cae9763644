package io.hotpath.bench.server;

import io.hotpath.KernelPolicy;
import io.hotpath.bench.serving.NettyServing;
import io.hotpath.bench.serving.RunningServer;
import io.hotpath.bench.serving.ServerOptions;
import io.hotpath.engine.EngineConfig;
import io.hotpath.engine.EngineStats;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The engines of the servers under test: as they are by default, but for what the command line says. */
final class Engines {
    private Engines() {}

    static EngineConfig config(ServerOptions options) {
        return EngineConfig.DEFAULT
                .withBuffers(options.buffers(), options.bufferBytes())
                .withPolicy(policy(options.kernel()))
                .withBusyPoll(Duration.ofNanos(options.spinMicros() * 1000));
    }

    private static KernelPolicy policy(String kernel) {
        return switch (kernel) {
            case "io_uring" -> KernelPolicy.IO_URING;
            case "epoll" -> KernelPolicy.EPOLL;
            default -> throw new IllegalArgumentException("unknown kernel " + kernel);
        };
    }

    /** What it runs on. */
    static Map<String, String> facts(String layer, EngineStats stats) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("layer", layer);
        facts.put("kernel", stats.kernel());
        return facts;
    }

    /** A server on Netty's channels. */
    static RunningServer running(Channel channel, Supplier<EngineStats> stats) {
        Map<String, String> facts = facts(channel.getClass().getSimpleName(), stats.get());
        return new RunningServer(NettyServing.port(channel), facts, () -> counters(stats.get()));
    }

    /** What it counts that is compared. */
    static Map<String, Long> counters(EngineStats stats) {
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("enters", stats.enters());
        counters.put("completions", stats.completions());
        counters.put("sends", stats.sends());
        return counters;
    }
}
