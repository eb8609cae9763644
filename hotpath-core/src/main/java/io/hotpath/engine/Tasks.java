package io.hotpath.engine;

import java.lang.System.Logger.Level;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Tasks from any thread for the loop thread, and the handshake that keeps a wake-up from being lost. */
final class Tasks {
    private static final LoopLog LOG = LoopLog.of(Tasks.class);

    /** Tasks of one turn; the rest waits for the next, so that a flood of tasks cannot stop input. */
    private static final int TURN_MAX = 1024;

    private static final int AWAKE = 0;
    private static final int ASLEEP = 1;
    private static final int WOKEN = 2;

    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();

    /**
     * Any thread sets WOKEN, the loop ASLEEP and AWAKE. A waker adds its task first and sets this second; the loop sets
     * ASLEEP first and looks at the queue second: one of them sees the other.
     */
    private final AtomicInteger state = new AtomicInteger(AWAKE);

    private volatile boolean closed;

    /** Returns whether the loop has to be woken. Any thread. */
    boolean add(Runnable task) {
        if (closed) {
            throw refused();
        }
        queue.add(task);
        if (closed && queue.remove(task)) { // the last run may have been over; else it took the task
            throw refused();
        }
        return wake();
    }

    /** Returns whether the loop has to be woken. Any thread. */
    boolean wake() {
        return state.get() != WOKEN && state.getAndSet(WOKEN) == ASLEEP;
    }

    void run() {
        for (int i = 0; i < TURN_MAX; i++) {
            Runnable task = queue.poll();
            if (task == null) {
                return;
            }
            run(task);
        }
    }

    /** Whatever {@code task} throws is its own failure. */
    static void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable thrown) {
            LOG.log(Level.WARNING, "task=failed", thrown);
        }
    }

    /** Whether nobody has woken the loop since its last enter, and no task is left from before. */
    boolean quiet() {
        return state.get() == AWAKE && queue.isEmpty();
    }

    /** Returns whether the loop may wait: nobody woke it and nothing is queued. */
    boolean goToSleep() {
        return state.compareAndSet(AWAKE, ASLEEP) && queue.isEmpty();
    }

    void awake() {
        state.set(AWAKE);
    }

    /** Refuses tasks from now on and runs those that came before. */
    void close() {
        closed = true;
        while (!queue.isEmpty()) {
            run();
        }
    }

    static RejectedExecutionException refused() {
        return new RejectedExecutionException("the engine is closed");
    }
}
