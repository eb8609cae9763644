package io.hotpath.reactor;

import reactor.core.publisher.Flux;

/** What {@code connection} receives. */
record ConnectionInbound(HotpathConnection connection) implements HotpathInbound {
    @Override
    public Flux<HotpathBuffer> receive() {
        return connection.receive();
    }
}
