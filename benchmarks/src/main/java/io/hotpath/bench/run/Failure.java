package io.hotpath.bench.run;

/** A server that could not be measured, and why. */
public record Failure(String contender, String reason) {}
