package io.hotpath.bench.run;

import java.util.OptionalDouble;

/**
 * What is counted beside the rounds, because counting it costs the server something. Each per message.
 *
 * @param allocatedBytes on the heap of its JVM
 * @param systemCalls    of all its threads
 */
public record Extra(String contender, OptionalDouble allocatedBytes, OptionalDouble systemCalls) {}
