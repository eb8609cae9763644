package io.hotpath.kernel.conformance;

import java.nio.charset.StandardCharsets;

/** The other end of a connection, played by a scenario. No call waits. */
interface Peer extends AutoCloseable {
    void send(byte[] bytes);

    default void send(String text) {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    /** What has come and was not read yet. */
    byte[] read();

    /** Sends no more. */
    void finish();

    /** RST. */
    void reset();

    /** Whether the other side has sent its end, seen by {@link #read}. */
    boolean sawEnd();

    /** Whether the connection was reset, seen by {@link #read}. */
    boolean sawReset();

    /** Ends the connection, if it still lives. */
    @Override
    void close();
}
