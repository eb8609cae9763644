package io.hotpath.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A stack of buffers that other threads released, for the loop thread to take whole. */
final class ReturnedBuffers {
    static final int NONE = -1;

    private static final VarHandle TOP;

    static {
        try {
            TOP = MethodHandles.lookup().findVarHandle(ReturnedBuffers.class, "top", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final int[] next;

    /** Pushed by CAS by any thread, stolen whole by the loop. */
    @SuppressWarnings("unused") // through TOP
    private volatile int top = NONE;

    /** @param next links them, by buffer */
    ReturnedBuffers(int[] next) {
        this.next = next;
    }

    /** Any thread. */
    void push(int buffer) {
        int under;
        do {
            under = (int) TOP.getVolatile(this);
            next[buffer] = under;
        } while (!TOP.compareAndSet(this, under, buffer)); // publishes next[buffer] to the thread that steals
    }

    /** The top, which {@code next} links to the others, or {@link #NONE}; they are the caller's. */
    int steal() {
        if (isEmpty()) {
            return NONE;
        }
        return (int) TOP.getAndSet(this, NONE); // pairs with the CAS of the threads that pushed
    }

    /** A look with full ordering, for a loop that is about to sleep. */
    boolean isEmpty() {
        return (int) TOP.getVolatile(this) == NONE;
    }
}
