package io.hotpath.samples.kv;

import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.HotpathServer;

/** {@code PING}, {@code SET}, {@code GET}, {@code INCR} and {@code DEL} for Redis' own clients, pipelined. */
final class KvServer {
    private KvServer() {}

    /** Returns when it listens. Commands are done as their replies are asked for: a client that does not read waits. */
    static BoundServer start(int port, int loops) {
        Store store = new Store();
        return HotpathServer.create()
                .port(port)
                .loops(loops)
                .handle((in, out) -> {
                    RespParser parser = new RespParser();
                    return out.sendByteArray(in.asByteArray()
                            .concatMapIterable(parser::parse, 1)
                            .takeUntil(Command::malformed)
                            .map(store::execute));
                })
                .bindNow();
    }
}
