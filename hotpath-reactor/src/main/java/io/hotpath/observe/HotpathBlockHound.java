package io.hotpath.observe;

import java.util.List;
import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;
import reactor.core.scheduler.NonBlocking;

/**
 * Tells BlockHound which threads are loops, and what these may do all the same: open a ring
 * and close it. A handler that blocks then fails with a {@code BlockingOperationError}. BlockHound finds this class by itself.
 *
 * <p>The wait for completions is no call that BlockHound knows: nothing has to be allowed for it. BlockHound from 1.0.13 on works
 * on JDK 25, with {@code -XX:+AllowRedefinitionToAddDeleteMethods}.
 */
public final class HotpathBlockHound implements BlockHoundIntegration {
    /** Class and method; what is called from there may block. None of them calls a handler. */
    static final List<String[]> ALLOWED = List.of(
            new String[]{"io.hotpath.engine.Engine", "open"},
            new String[]{"io.hotpath.engine.Engine", "replaceRing"},
            new String[]{"io.hotpath.engine.Retirement", "retire"});

    /** Found by its name in {@code META-INF/services}. */
    public HotpathBlockHound() {}

    @Override
    public void applyTo(BlockHound.Builder builder) {
        builder.nonBlockingThreadPredicate(others -> others.or(NonBlocking.class::isInstance));
        for (String[] each : ALLOWED) {
            builder.allowBlockingCallsInside(each[0], each[1]);
        }
    }
}
