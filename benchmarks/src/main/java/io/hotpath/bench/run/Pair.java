package io.hotpath.bench.run;

import java.util.List;

/** Two contenders that are compared with each other beside the reference; by id. */
record Pair(String server, String against) {
    /** Every comparison that says something; what was not measured is left out. */
    static final List<Pair> ALL = List.of(new Pair("core", "c-epoll"));
}
