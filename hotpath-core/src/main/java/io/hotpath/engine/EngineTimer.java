package io.hotpath.engine;

/** A task that waits for its time, from {@link Engine#schedule}. */
public interface EngineTimer {
    /** Gives it up. Loop thread; idempotent, also after it ran. */
    void cancel();
}
