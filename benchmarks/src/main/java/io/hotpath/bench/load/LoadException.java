package io.hotpath.bench.load;

/** The server did what it must not: closed, answered something else, or did not answer. */
public final class LoadException extends IllegalStateException {
    public LoadException(String message) {
        super(message);
    }
}
