/**
 * The kernel that drives io_uring: opening a ring, mapping its queues, entering it, and the words for a host that refuses.
 *
 * <p>May use {@code io.hotpath}, {@code io.hotpath.kernel} and {@code io.hotpath.kernel.libc}.
 */
@NullMarked
package io.hotpath.kernel.linux;

import org.jspecify.annotations.NullMarked;
