package io.hotpath.ring;

/** The one thread that may use a hand-driven ring, and whether the ring is still there. */
final class Owner {
    private final Thread thread = Thread.currentThread();

    /** Written by the owner, read by any thread; once true it stays. */
    private volatile boolean closed;

    /** Turns away every other thread, and everybody after the end: ring memory is unmapped by then. */
    void requireOpen() {
        requireThread();
        if (closed) {
            throw new IllegalStateException("the ring is closed: open another one");
        }
    }

    void requireThread() {
        if (Thread.currentThread() != thread) {
            throw new WrongThreadException("the ring belongs to thread '" + thread.getName() + "', called from '"
                    + Thread.currentThread().getName() + "'");
        }
    }

    void close() {
        closed = true;
    }

    boolean closed() {
        return closed;
    }
}
