package io.hotpath.samples.kv;

import io.hotpath.samples.Program;

/** {@code ./hotpath kv [--port 6380] [--loops n]}; clients are {@code redis-cli -p 6380} and {@code redis-benchmark}. */
public final class KvMain {
    private KvMain() {}

    public static void main(String[] args) {
        Program.run("kv", "--port 6380 --loops 1", args, options -> KvServer.create().loops(options.loops()));
    }
}
