/** Consumers that are slower than their peers, and what their peers see of it. */
@NullMarked
package io.hotpath.samples.slow;

import org.jspecify.annotations.NullMarked;
