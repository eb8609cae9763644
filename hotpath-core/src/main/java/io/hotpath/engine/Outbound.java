package io.hotpath.engine;

import org.jspecify.annotations.Nullable;

/** A piece of what a connection has to send, or, with {@code end} and no bytes left, the news that a send call is done. */
final class Outbound {
    /** Where the unsent bytes of this piece are. */
    long address;

    int length;

    /** The buffer that holds them, which the engine owns; -1 if they are the caller's memory. */
    int buffer;

    /** Whether this is the last piece of its send call. */
    boolean end;

    long token;

    /** The bytes of the whole send call so far, and why the rest did not go; meaningful on the last piece. */
    long callBytes;

    int errno;

    /** Keeps the caller's memory reachable. */
    @Nullable Object pin;

    @Nullable Outbound next;
}
