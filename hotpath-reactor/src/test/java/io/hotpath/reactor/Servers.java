package io.hotpath.reactor;

import io.hotpath.KernelPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The servers of a test, the clients' loops that it used, and the audit at its end. */
final class Servers implements BeforeEachCallback, AfterEachCallback {
    private final List<BoundServer> bound = new ArrayList<>();
    private Set<String> descriptors = Set.of();
    private long threads;

    @Override
    public void beforeEach(ExtensionContext context) {
        Audit.openPollers();
        bound.clear();
        threads = Audit.loopThreads();
        descriptors = Audit.descriptors();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        for (BoundServer server : bound) {
            server.disposeNow(Duration.ZERO);
            server.stats().forEach(Audit::clean);
        }
        Await.until("threads ended", () -> Audit.loopThreads() <= threads);
        Audit.awaitDescriptors(descriptors);
    }

    /** A server on any port of the loopback address. */
    static HotpathServer local() {
        return HotpathServer.create().host("127.0.0.1").config(Running.CONFIG);
    }

    /** The same on one kernel; a visible skip if the host refuses it. */
    static HotpathServer local(KernelPolicy policy) {
        if (policy == KernelPolicy.IO_URING) {
            UringHost.require();
        }
        return local().config(Running.CONFIG.withPolicy(policy));
    }

    BoundServer bind(HotpathServer server) {
        BoundServer running = server.bindNow();
        bound.add(running);
        return running;
    }
}
