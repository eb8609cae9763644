package io.hotpath.bench.run;

import io.hotpath.bench.load.LoadResult;

/**
 * One window of one server.
 *
 * @param contender       its id
 * @param round           windows of one round are compared with each other
 * @param serverNanos     CPU time of the server's process
 * @param generatorNanos  CPU time of the generator's process: near {@code load.nanos()} it is the limit, not the server
 * @param switches        times that the server's threads gave up their core or lost it
 * @param connectionBytes growth of the server's resident memory per connection; 0 if that was not what is measured
 */
public record Sample(
        String contender, int round, LoadResult load, long serverNanos, long generatorNanos, long switches,
        long connectionBytes) {}
