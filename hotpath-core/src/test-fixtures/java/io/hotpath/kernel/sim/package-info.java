/**
 * A kernel without a kernel: virtual sockets, virtual time and one seeded source of chance behind the same ring memory.
 * Start at {@link io.hotpath.kernel.sim.SimKernel}; a failing test prints its seed and the seed replays it.
 *
 * <p>Everything belongs to one thread, which turns the ring and plays the peers; only
 * {@link io.hotpath.kernel.sim.SimRing#wake()} and {@link io.hotpath.kernel.sim.SimKernel#nanoTime()} may be called
 * from others. May use {@code io.hotpath} and {@code io.hotpath.kernel} only.
 */
@NullMarked
package io.hotpath.kernel.sim;

import org.jspecify.annotations.NullMarked;
