package io.hotpath.bench.peer;

import io.netty.channel.Channel;
import java.util.Locale;

/**
 * What reactor-netty and its users run on, said in its own system properties: one event loop, and NIO or what it takes by
 * itself, which is io_uring before epoll if the natives are on the class path.
 */
final class Transports {
    private Transports() {}

    /** Before anything of reactor-netty is loaded. */
    static void choose(String transport) {
        System.setProperty("reactor.netty.ioWorkerCount", "1");
        System.setProperty("reactor.netty.native", Boolean.toString(!transport.equals("nio")));
    }

    /** @throws IllegalStateException if a server does not run on what was chosen */
    static void require(String transport, Channel channel) {
        String type = channel.getClass().getSimpleName();
        if (!type.toLowerCase(Locale.ROOT).startsWith(transport.replace("_", ""))) {
            throw new IllegalStateException(
                    "the channel is " + type + ", not " + transport + ": look at the natives on the class path");
        }
    }
}
