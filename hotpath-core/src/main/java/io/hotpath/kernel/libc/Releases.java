package io.hotpath.kernel.libc;

import java.util.ArrayDeque;

/**
 * What was taken so far and how to give it back, in reverse order, once. A ring that fails to open half-way and one that
 * is closed go through the same list.
 *
 * <p>Ring thread.
 */
public final class Releases {
    private final ArrayDeque<Runnable> steps = new ArrayDeque<>();

    /** Adds a step that runs before all that were added so far. */
    public void add(Runnable step) {
        steps.push(step);
    }

    /** Runs every step even if one fails, and throws the first failure at the end. */
    public void run() {
        RuntimeException failure = null;
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (RuntimeException failed) {
                if (failure == null) {
                    failure = failed;
                } else {
                    failure.addSuppressed(failed);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** As {@link #run()}, but whatever fails is added to {@code failed}, which matters more. */
    public void runAfter(Throwable failed) {
        try {
            run();
        } catch (RuntimeException also) {
            failed.addSuppressed(also);
        }
    }
}
