package io.hotpath.engine;

/** The other end of a connection to the engine under test, played by the test's own thread. */
interface Client {
    /** Sends all of it, in the background where the engine's side is full. */
    void send(byte... bytes);

    /** Everything that ever came. */
    byte[] received();

    /** How many bytes ever came. */
    long receivedCount();

    /** Reads no more. */
    void stall();

    void resume();

    /** FIN behind what was sent. */
    void finish();

    /** RST. */
    void reset();

    boolean sawFin();

    boolean sawReset();
}
