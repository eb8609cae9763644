package io.hotpath.samples.echo;

import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;

/** {@code ./hotpath echo [--port 7007] [--loops n] [--core]}: serves until Ctrl-C or SIGTERM, then says what it did. */
public final class EchoMain {
    private EchoMain() {}

    public static void main(String[] args) throws Exception {
        EchoOptions options;
        try {
            options = EchoOptions.parse(args);
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage());
            System.err.println(EchoOptions.USAGE);
            System.exit(2);
            return;
        }
        CountDownLatch stopped = new CountDownLatch(1);
        EchoServer server = options.core() ? new CoreEcho(options) : new StreamEcho(options);
        try {
            InetSocketAddress address = server.start();
            System.out.println("listening on " + address.getHostString() + ':' + address.getPort());
        } catch (Exception failed) {
            System.err.println(failed.getMessage());
            System.exit(1);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            System.out.println(server.stop());
            stopped.countDown();
        }));
        stopped.await();
    }
}
