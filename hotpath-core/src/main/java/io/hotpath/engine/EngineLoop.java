package io.hotpath.engine;

import java.lang.System.Logger.Level;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Opens an engine on the thread that runs it and turns it until {@link #stop}. The thread is the caller's choice, so that
 * each layer above brings its own kind.
 */
public final class EngineLoop implements Runnable {
    private static final System.Logger LOG = System.getLogger(EngineLoop.class.getName());

    private final EngineConfig config;
    private final Consumer<Engine> opened;
    private final Consumer<@Nullable Throwable> ended;
    private final CountDownLatch end = new CountDownLatch(1);

    /** Written by any thread, read by the loop in each turn. */
    private volatile boolean stopping;

    /** Written by the loop thread before {@code opened} is called, read by {@link #stop} in any thread. */
    private volatile @Nullable Engine engine;

    /**
     * @param opened runs on the loop thread once the engine is open; throwing ends the loop
     * @param ended  runs on the loop thread when the engine is closed, with what ended it, {@code null} if {@link #stop} did
     */
    public EngineLoop(EngineConfig config, Consumer<Engine> opened, Consumer<@Nullable Throwable> ended) {
        this.config = config;
        this.opened = opened;
        this.ended = ended;
    }

    @Override
    public void run() {
        Throwable failure = null;
        Engine open = null;
        try {
            open = Engine.open(config);
            engine = open;
            opened.accept(open);
            turn(open);
        } catch (Throwable thrown) {
            failure = thrown;
        }
        try {
            if (open != null) {
                open.close();
            }
        } catch (Throwable thrown) {
            LOG.log(Level.ERROR, "engine=close_failed", thrown);
            failure = failure == null ? thrown : failure;
        }
        try {
            ended.accept(failure);
        } finally {
            end.countDown();
        }
    }

    /** A method of its own, so that it is compiled without replacing it on the stack. */
    private void turn(Engine open) {
        while (!stopping) {
            open.run(-1);
        }
    }

    /** Ends the loop after the present turn; its connections are reset. Any thread; idempotent. */
    public void stop() {
        stopping = true;
        Engine open = engine;
        if (open != null) {
            open.wakeup();
        }
    }

    /** Waits until the engine is closed. */
    public void await() throws InterruptedException {
        end.await();
    }

}
