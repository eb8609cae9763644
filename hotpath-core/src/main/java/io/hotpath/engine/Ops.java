package io.hotpath.engine;

/** The op byte of an engine's user data. */
final class Ops {
    static final int ACCEPT = 1;
    static final int RECV = 2;
    static final int SEND = 3;
    static final int CLOSE = 4;
    static final int CONNECT = 5;
    static final int CANCEL = 6;
    static final int WATCH = 7;
    static final int SHUTDOWN = 8;
    static final int WAKE = 9;

    private Ops() {}
}
