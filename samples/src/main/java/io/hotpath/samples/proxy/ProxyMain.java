package io.hotpath.samples.proxy;

import io.hotpath.samples.Program;

/** {@code ./hotpath proxy [--port 7009] [--to 127.0.0.1:7007] [--loops n]}. */
public final class ProxyMain {
    private ProxyMain() {}

    public static void main(String[] args) {
        Program.run("proxy", "--port 7009 --to 127.0.0.1:7007 --loops 1", args, options -> {
            String to = options.text("--to");
            int colon = to.lastIndexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException("--to is " + to + ", must be host:port");
            }
            return ProxyServer.create(to.substring(0, colon), Integer.parseInt(to.substring(colon + 1)))
                    .loops(options.loops());
        });
    }
}
