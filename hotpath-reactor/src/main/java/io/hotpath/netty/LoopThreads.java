package io.hotpath.netty;

import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.FastThreadLocalThread;
import reactor.core.scheduler.NonBlocking;

/** Threads for event loops: Netty's fast ones, and not to be blocked if Reactor is there to ask. */
final class LoopThreads extends DefaultThreadFactory {
    private static final boolean REACTOR = reactorIsHere();

    LoopThreads(String prefix, boolean daemon) {
        super(prefix, daemon);
    }

    @Override
    protected Thread newThread(Runnable task, String name) {
        return REACTOR ? new ReactorThread(threadGroup, task, name)
                : new FastThreadLocalThread(threadGroup, task, name);
    }

    private static boolean reactorIsHere() {
        try {
            Class.forName("reactor.core.scheduler.NonBlocking", false, LoopThreads.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    /** Loaded only where Reactor is. */
    private static final class ReactorThread extends FastThreadLocalThread implements NonBlocking {
        ReactorThread(ThreadGroup group, Runnable task, String name) {
            super(group, task, name);
        }
    }
}
