package io.hotpath.engine;

/** A socket option by its Linux level and name, whose value is an {@code int}. */
public record SocketOption(int level, int name, int value) {}
