package io.hotpath.reactor;

import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterMethod;

/**
 * The Reactive Streams rules for {@link HotpathConnection#receive()} on the simulated kernel. It takes one subscriber, so the
 * TCK skips the rules for several, as well as what it cannot verify for any publisher.
 */
public class ReceiveTck extends PublisherVerification<HotpathBuffer> {
    private final SimLoops loops = new SimLoops();

    public ReceiveTck() {
        super(new TestEnvironment(1_000, 50), 1_000);
    }

    @Override
    public Publisher<HotpathBuffer> createPublisher(long elements) {
        return SimConnection.accept(loops, elements).receive();
    }

    @Override
    public Publisher<HotpathBuffer> createFailedPublisher() {
        return SimConnection.ended(loops).receive();
    }

    @AfterMethod
    public void nothingIsLeft() {
        loops.close();
    }
}
