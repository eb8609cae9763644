package io.hotpath.samples.slow;

import io.hotpath.reactor.HotpathServer;
import io.hotpath.samples.Program;
import java.time.Duration;

/**
 * {@code ./hotpath slow-consumer [--port 7012] [--burst-kib 8192] [--pause-ms 2000] [--peer 1]}: with {@code --peer 0} bring your own
 * peer, such as {@code head -c 1G /dev/zero | nc -N 127.0.0.1 7012}.
 */
public final class SlowConsumerMain {
    private SlowConsumerMain() {}

    public static void main(String[] args) {
        Program.run("slow-consumer", "--port 7012 --burst-kib 8192 --pause-ms 2000 --peer 1", args, options -> {
            Progress progress = new Progress();
            Duration pause = Duration.ofMillis(options.number("--pause-ms", 1, 3_600_000));
            HotpathServer server =
                    SlowConsumer.create(options.number("--burst-kib", 1, 1 << 20) * 1024L, pause, progress);
            return options.number("--peer", 0, 1) == 0
                    ? server
                    : server.doOnBound(bound -> FastPeer.start(bound.port(), progress));
        });
    }
}
