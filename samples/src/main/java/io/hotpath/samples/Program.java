package io.hotpath.samples;

import io.hotpath.engine.EngineStats;
import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.HotpathServer;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import reactor.core.Exceptions;

/** A server as a program: serves until Ctrl-C or SIGTERM, then says what it did. */
public final class Program {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private Program() {}

    /**
     * Ends with 1 if it cannot serve, with 2 if it was called wrongly, and as its signal says otherwise.
     *
     * @param defaults see {@link Options}; with {@code --port}
     * @param server   makes the server of the options, but its port
     */
    public static void run(String name, String defaults, String[] args, Function<Options, HotpathServer> server) {
        try {
            Options options = new Options(name, defaults, args);
            serve(server.apply(options).port(options.port()));
        } catch (IllegalArgumentException wrong) {
            System.err.println(name + ": " + wrong.getMessage());
            System.exit(2);
        } catch (RuntimeException failed) {
            System.err.println(name + ": " + Exceptions.unwrap(failed).getMessage());
            System.exit(1);
        }
    }

    private static void serve(HotpathServer server) {
        BoundServer bound = server.bindNow();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            bound.disposeNow(PATIENCE);
            System.out.println(closingLine(bound.stats()));
        }));
        System.out.println("listening on 0.0.0.0:" + bound.port());
        bound.onDispose().block();
    }

    /** What the loops did, and what they still held when they had ended: nothing. */
    public static String closingLine(List<EngineStats> loops) {
        long connections = loops.stream().mapToLong(EngineStats::accepted).sum();
        long in = loops.stream().mapToLong(EngineStats::bytesIn).sum();
        long out = loops.stream().mapToLong(EngineStats::bytesOut).sum();
        long leaked = loops.stream().mapToLong(loop -> loop.leasesHeld() + loop.copiesHeld()).sum();
        return "connections " + connections + ", bytes in " + in + ", bytes out " + out + ", buffers leaked " + leaked;
    }
}
