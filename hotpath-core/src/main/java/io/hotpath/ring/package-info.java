/**
 * A ring that someone can drive by hand, from one thread, with no other part of Hotpath: {@link io.hotpath.ring.HotpathRing}.
 * Below it {@link io.hotpath.ring.Ring}, the two queues, and {@link io.hotpath.ring.BufferRing}, the buffers that the kernel
 * fills. Op by op; nothing here knows what a connection is.
 *
 * <p>May use {@code io.hotpath} and {@code io.hotpath.kernel}; only {@link io.hotpath.ring.KernelLadder} names the kernels
 * themselves.
 */
@NullMarked
package io.hotpath.ring;

import org.jspecify.annotations.NullMarked;
