/** The servers that Hotpath is measured beside, each a process, see {@link io.hotpath.bench.serving.ServerProcess}. */
@NullMarked
package io.hotpath.bench.peer;

import org.jspecify.annotations.NullMarked;
