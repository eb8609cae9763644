package io.hotpath.engine;

/** What a connection reports. Loop thread; one call at a time, never nested; {@link #closed} is the last. */
public interface ConnectionHandler {
    /**
     * The connection to a server stands. Called once, before anything else, and only for {@link Engine#connect}.
     */
    default void connected(Connection connection) {}

    /**
     * Bytes came, in order. The lease is the handler's until it is released or sent.
     *
     * @param length at least 1
     */
    void received(Connection connection, long lease, int length);

    /**
     * The peer will send no more; what it sent before has been received. Sending is still possible unless the connection
     * closes by itself, see {@link Connection#start}.
     */
    default void inputEnded(Connection connection) {}

    /**
     * One call per send call, in order.
     *
     * @param token what the caller gave
     * @param bytes the bytes that went out
     * @param errno 0, or the positive error number that kept the rest back
     */
    default void sent(Connection connection, long token, long bytes, int errno) {}

    /**
     * Nothing of the connection is in flight any more, and nothing follows.
     *
     * @param errno 0 if it ended in order, else the positive error number of its failure
     */
    void closed(Connection connection, int errno);
}
