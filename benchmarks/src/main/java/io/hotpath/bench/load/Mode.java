package io.hotpath.bench.load;

/** What the generator does to a server. */
public enum Mode {
    /** Sends messages and waits until they come back. */
    ECHO,
    /** Sends HTTP/1.1 requests on connections that stay, and counts complete responses. */
    HTTP,
    /** Connects, has one message echoed, closes, and begins again. */
    CHURN,
    /** Sends and expects nothing back. */
    SINK,
    /** Connects, has one message echoed, and stays quiet. */
    IDLE
}
