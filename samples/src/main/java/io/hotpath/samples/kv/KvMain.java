package io.hotpath.samples.kv;

import io.hotpath.reactor.BoundServer;
import java.time.Duration;
import reactor.core.Exceptions;

/** {@code ./hotpath kv [--port 6380] [--loops n]}: serves until Ctrl-C or SIGTERM. */
public final class KvMain {
    private static final String USAGE = "usage: hotpath kv [--port 6380] [--loops 1]";

    private KvMain() {}

    /** Ends with 1 if it cannot serve, with 2 if it was called wrongly, and as its signal says otherwise. */
    public static void main(String[] args) {
        int port = 6380;
        int loops = 1;
        try {
            for (int i = 0; i < args.length; i += 2) {
                int value = i + 1 < args.length ? Integer.parseInt(args[i + 1]) : -1;
                switch (args[i]) {
                    case "--port" -> port = value;
                    case "--loops" -> loops = value;
                    default -> throw new IllegalArgumentException("unknown option " + args[i]);
                }
            }
            if (port < 0 || port > 65535 || loops < 1) {
                throw new IllegalArgumentException("--port is 0..65535, --loops at least 1");
            }
        } catch (IllegalArgumentException wrong) {
            System.err.println("kv: " + wrong.getMessage());
            System.err.println(USAGE);
            System.exit(2);
        }
        try {
            BoundServer server = KvServer.start(port, loops);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> server.disposeNow(Duration.ofSeconds(5))));
            System.out.println("listening on 0.0.0.0:" + server.port());
            server.onDispose().block();
        } catch (RuntimeException failed) {
            System.err.println("kv: " + Exceptions.unwrap(failed).getMessage());
            System.exit(1);
        }
    }
}
