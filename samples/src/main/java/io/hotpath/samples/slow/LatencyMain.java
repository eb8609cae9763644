package io.hotpath.samples.slow;

import io.hotpath.reactor.HotpathBuffer;
import io.hotpath.reactor.HotpathServer;
import io.hotpath.samples.Options;
import io.hotpath.samples.Program;
import java.time.Duration;
import java.util.Locale;
import reactor.core.publisher.Mono;

/**
 * What one slow consumer costs the others. {@code ./hotpath latency --role server} echoes, but reads from connections that begin
 * with {@code S} one buffer in 100 ms; {@code --role load} measures {@code --connections}, one of them slow as {@code --slow none |
 * peer | handler} says. {@code benchmarks/slow-consumer} compares them.
 */
public final class LatencyMain {
    static final byte SLOW = 'S';

    private static final String DEFAULTS = "--role server --port 7013 --connections 100 --seconds 5 --slow none";
    private static final Duration PAUSE = Duration.ofMillis(100);

    private LatencyMain() {}

    public static void main(String[] args) throws Exception {
        Options options;
        try {
            options = new Options("latency", DEFAULTS, args);
        } catch (IllegalArgumentException wrong) {
            System.err.println("latency: " + wrong.getMessage());
            System.exit(2);
            return;
        }
        if (options.text("--role").equals("server")) {
            Program.run("latency", DEFAULTS, args, ignored -> server());
        } else {
            Load.Slow slow = Load.Slow.valueOf(options.text("--slow").toUpperCase(Locale.ROOT));
            Load load = new Load(options.port(), options.number("--connections", 2, 10_000), slow);
            System.out.println(load.run(Duration.ofSeconds(options.number("--seconds", 1, 3600))));
        }
    }

    static HotpathServer server() {
        return HotpathServer.create().handle((in, out) -> out.send(in.receive().switchOnFirst((first, all) -> {
            HotpathBuffer buffer = first.get();
            boolean slow = buffer != null && buffer.byteAt(0) == SLOW;
            return slow ? all.concatMap(taken -> Mono.delay(PAUSE).then(Mono.empty()), 1) : all;
        })));
    }
}
