package io.hotpath.engine;

/** What a listener reports. Loop thread, one call at a time. */
public interface ListenerHandler {
    /** A client connected. It receives nothing before {@link Connection#start}. */
    void accepted(Connection connection);

    /**
     * The listener is closed and accepts no more.
     *
     * @param errno 0 if it was asked to, else the positive error number that ended it
     */
    default void listenerClosed(Listener listener, int errno) {}
}
