package io.hotpath.engine;

import org.jspecify.annotations.Nullable;

/** A piece of what a connection has to send, or, with {@code end} and no bytes left, the news that a send call is done. */
final class Outbound {
    static final int RUN_BYTES_MAX = 1 << 30;

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

    // ---- runs: pieces that follow each other in memory go out as one ----------------------------------------------

    /** The first piece behind this one that does not follow it in memory. */
    @Nullable
    Outbound runEnd() {
        long end = address + length;
        long bytes = length;
        Outbound piece = next;
        while (piece != null && (piece.address == end || piece.length == 0) && bytes < RUN_BYTES_MAX) {
            end += piece.length;
            bytes += piece.length;
            piece = piece.next;
        }
        return piece;
    }

    /** The bytes from this piece to {@code end}. */
    int runBytes(@Nullable Outbound end) {
        long bytes = 0;
        for (Outbound piece = this; piece != end && piece != null; piece = piece.next) {
            bytes += piece.length;
        }
        return (int) bytes;
    }

    /** The pieces from this one to {@code end}. */
    int runPieces(@Nullable Outbound end) {
        int count = 0;
        for (Outbound piece = this; piece != end && piece != null; piece = piece.next) {
            count++;
        }
        return count;
    }
}
