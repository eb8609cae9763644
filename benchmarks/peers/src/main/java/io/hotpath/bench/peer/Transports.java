package io.hotpath.bench.peer;

import io.netty.channel.Channel;
import java.util.Locale;

/** What a peer is told to run on, and what it does run on: some step back to NIO without a word. */
final class Transports {
    private Transports() {}

    /**
     * Tells reactor-netty in its own system properties, before anything of it is loaded: one event loop, and NIO or what it takes
     * by itself, which is io_uring before epoll if the natives are on the class path.
     */
    static void choose(String transport) {
        System.setProperty("reactor.netty.ioWorkerCount", "1");
        System.setProperty("reactor.netty.native", Boolean.toString(!transport.equals("nio")));
    }

    /** @throws IllegalStateException if a server does not run on what it was told */
    static void require(String transport, Channel channel) {
        String type = channel.getClass().getSimpleName();
        if (!type.toLowerCase(Locale.ROOT).startsWith(transport.replace("_", ""))) {
            throw new IllegalStateException(
                    "the channel is " + type + ", not " + transport + ": look at the natives on the class path, and at what the host refuses");
        }
    }
}
