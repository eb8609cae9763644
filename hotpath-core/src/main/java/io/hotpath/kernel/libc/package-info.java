/**
 * What every kernel on Linux stands on: the C library through {@code java.lang.foreign}, anonymous memory, sockets and the
 * descriptor that wakes a ring. It knows no kernel; see {@code docs/decisions/0001-libc-below-the-kernels.md}.
 *
 * <p>May use {@code io.hotpath} and {@code io.hotpath.kernel}. Downcalls are declared in {@link
 * io.hotpath.kernel.libc.Syscalls} and memory is mapped in {@link io.hotpath.kernel.libc.Mmap}, nowhere else.
 */
@NullMarked
package io.hotpath.kernel.libc;

import org.jspecify.annotations.NullMarked;
