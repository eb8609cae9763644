package io.hotpath.samples.echo;

import java.net.InetSocketAddress;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * {@code ./hotpath echo [--port 7007] [--loops n] [--core] [--failover-every seconds]}: serves until Ctrl-C or SIGTERM, then
 * says what it did.
 */
public final class EchoMain {
    private EchoMain() {}

    /** Ends with 1 if it cannot serve, with 2 if it was called wrongly, and as its signal says otherwise. */
    public static void main(String[] args) {
        EchoOptions options;
        try {
            options = EchoOptions.parse(args);
        } catch (IllegalArgumentException wrong) {
            System.err.println("echo: " + wrong.getMessage());
            System.err.println(EchoOptions.USAGE);
            System.exit(2);
            return;
        }
        EchoServer server = options.core() ? new CoreEcho(options) : new StreamEcho(options);
        try {
            InetSocketAddress address = server.start();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println(server.stop())));
            System.out.println("listening on " + address.getHostString() + ':' + address.getPort());
            serve(server, options.failoverEveryMillis());
        } catch (ExecutionException failed) {
            fail(failed.getCause());
        } catch (Exception failed) {
            fail(failed);
        }
    }

    /** Returns when it can serve no longer. */
    private static void serve(EchoServer server, long failoverEveryMillis) throws Exception {
        while (failoverEveryMillis > 0) {
            try {
                server.failure().get(failoverEveryMillis, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException still) {
                server.failover();
            }
        }
        server.failure().get();
    }

    private static void fail(@Nullable Throwable cause) {
        System.err.println("echo: " + (cause == null ? "failed" : cause.getMessage()));
        System.exit(1);
    }
}
