package io.hotpath.snippets;

import io.hotpath.observe.HotpathMeters;
import io.hotpath.reactor.BoundServer;
import io.hotpath.reactor.HotpathServer;
import io.micrometer.core.instrument.MeterRegistry;

/** What the Javadoc of the meters shows. */
final class MetersSnippets {
    void server(MeterRegistry registry) {
        // @start region="server"
        BoundServer server = HotpathServer.create().handle((in, out) -> out.send(in.receive())).bindNow();
        HotpathMeters meters = HotpathMeters.of("echo", server::stats);
        meters.bindTo(registry);
        server.onDispose().doFinally(signal -> meters.close()).subscribe();
        // @end
    }
}
