package io.hotpath.reactor;

import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterMethod;

/**
 * The Reactive Streams rules for {@link Connections#each} on the simulated kernel. It never has elements, so the TCK skips
 * every rule that needs some; what it cannot verify for any publisher it skips as well.
 */
public class EachTck extends PublisherVerification<Void> {
    private final SimLoops loops = new SimLoops();

    public EachTck() {
        super(new TestEnvironment(1_000, 50), 1_000);
    }

    @Override
    public Publisher<Void> createPublisher(long elements) {
        return loops.on(
                loops.listen().doOnBound(Bound::dispose).transform(Connections.each(c -> c.send(c.receive()))),
                _ -> SimLoops.Peers.NONE);
    }

    @Override
    public Publisher<Void> createFailedPublisher() {
        return loops.on(
                CompletionStream.listen(SimLoops.PORT).transform(Connections.each(c -> c.send(c.receive()))),
                kernel -> {
                    kernel.refuseRings(1);
                    return SimLoops.Peers.NONE;
                });
    }

    @Override
    public long maxElementsFromPublisher() {
        return 0;
    }

    @AfterMethod
    public void nothingIsLeft() {
        loops.close();
    }
}
