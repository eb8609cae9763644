package io.hotpath.reactor;

import io.hotpath.kernel.sim.SimKernel;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.annotations.AfterMethod;
import reactor.core.publisher.Flux;

/**
 * The Reactive Streams rules for the completion stream on the simulated kernel.
 *
 * <p>Skipped by the TCK itself: the rules that it cannot verify for any publisher, and those for publishers that give every
 * subscriber the same elements; each subscription is a loop of its own here.
 */
public class CompletionStreamTck extends PublisherVerification<HotpathEvent> {
    private final SimLoops loops = new SimLoops();

    public CompletionStreamTck() {
        super(new TestEnvironment(1_000, 50), 1_000);
    }

    /** {@code Accept}, as many {@code Recv} as are missing, {@code Close}; then it is disposed. */
    @Override
    public Publisher<HotpathEvent> createPublisher(long elements) {
        CompletionStream stream = loops.listen();
        if (elements == 0) {
            return loops.on(stream.doOnBound(Bound::dispose), _ -> SimLoops.Peers.NONE);
        }
        Function<SimKernel, SimLoops.Peers> peers = kernel -> new ChunkPeer(kernel, Math.max(elements - 2, 0));
        Flux<HotpathEvent> events = Flux.defer(() -> {
            EventUser user = new EventUser();
            return user.use(stream.doOnBound(user::bound));
        });
        return loops.on(elements > 1 ? events : events.filter(HotpathEvent.Accept.class::isInstance), peers);
    }

    /** The host has no ring for it. */
    @Override
    public Publisher<HotpathEvent> createFailedPublisher() {
        return loops.on(CompletionStream.listen(SimLoops.PORT), kernel -> {
            kernel.refuseRings(1);
            return SimLoops.Peers.NONE;
        });
    }

    @AfterMethod
    public void nothingIsLeft() {
        loops.close();
    }
}
