package io.hotpath.samples.kv;

import io.hotpath.reactor.HotpathServer;

/** {@code PING}, {@code SET}, {@code GET}, {@code INCR} and {@code DEL} for Redis' own clients, pipelined. */
final class KvServer {
    private KvServer() {}

    /** Commands are done as their replies are asked for: a client that does not read waits. */
    static HotpathServer create() {
        Store store = new Store();
        return HotpathServer.create().handle((in, out) -> {
            RespParser parser = new RespParser();
            return out.sendByteArray(in.asByteArray()
                    .concatMapIterable(parser::parse, 1)
                    .takeUntil(Command::malformed)
                    .map(store::execute));
        });
    }
}
