package io.hotpath.reactor;

import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.scheduler.NonBlocking;

/** A loop's thread. Blocking on it would stop all of its connections, and Reactor refuses to. */
final class HotpathThread extends Thread implements NonBlocking {
    private static final AtomicInteger COUNT = new AtomicInteger();

    HotpathThread(Runnable loop) {
        super(null, loop, "hotpath-" + COUNT.incrementAndGet(), 0, false);
    }
}
