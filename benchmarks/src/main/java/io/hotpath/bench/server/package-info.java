/** Hotpath's servers under test, one per layer: each is a process, see {@link io.hotpath.bench.serving.ServerProcess}. */
@NullMarked
package io.hotpath.bench.server;

import org.jspecify.annotations.NullMarked;
