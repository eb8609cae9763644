/** The load generator: one thread, one engine, and what it counts. */
@NullMarked
package io.hotpath.bench.load;

import org.jspecify.annotations.NullMarked;
