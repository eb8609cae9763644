/**
 * The one seam to an operating system: {@link io.hotpath.kernel.Kernel} opens rings and makes the few socket calls that
 * are not ring operations; {@link io.hotpath.kernel.Abi} holds the layouts and constants that every kernel shares.
 *
 * <p>May use {@code io.hotpath} only. The kernels themselves are the sub-packages; none of them knows another, and what
 * two of them need from the C library is in {@code libc}.
 */
@NullMarked
package io.hotpath.kernel;

import org.jspecify.annotations.NullMarked;
