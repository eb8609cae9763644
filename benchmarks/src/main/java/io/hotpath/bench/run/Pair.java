package io.hotpath.bench.run;

import java.util.List;

/** Two contenders that are compared with each other beside the reference; by id. */
record Pair(String server, String against) {
    /** Every comparison that says something; what was not measured is left out. */
    static final List<Pair> ALL = List.of(
            new Pair("core", "c-epoll"),
            new Pair("core", "c-uring-bulk"),
            new Pair("core-bulk", "c-uring-bulk"),
            new Pair("core-bulk", "c-epoll"),
            new Pair("core-spin", "core"),
            new Pair("core-epoll", "c-epoll"),
            new Pair("reactor", "reactor-netty-io_uring"),
            new Pair("netty-hotpath", "netty-io_uring"),
            new Pair("netty-hotpath", "netty-epoll"),
            new Pair("reactor-netty-hotpath", "reactor-netty-io_uring"),
            new Pair("reactor-netty-hotpath", "reactor-netty-epoll"),
            new Pair("reactor-netty-hotpath-epoll", "reactor-netty-epoll"),
            new Pair("reactor-netty-hotpath-epoll", "reactor-netty-nio"),
            new Pair("webflux-hotpath", "webflux-io_uring"),
            new Pair("webflux-hotpath", "webflux-epoll"),
            new Pair("webflux-hotpath-epoll", "webflux-epoll"),
            new Pair("webflux-hotpath-epoll", "webflux-nio"));
}
