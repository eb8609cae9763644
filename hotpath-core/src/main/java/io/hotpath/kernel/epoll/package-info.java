/**
 * The kernel that serves io_uring's contract over {@code epoll}: the same SQEs in, the same CQEs out, in ordinary memory.
 *
 * <p>A request is tried with the plain system call and, if that would block, waits in the {@code Descriptor} of its fd,
 * whose readiness is remembered from edge-triggered events. The one call that waits is {@code epoll_wait}, inside enter.
 *
 * <p>May use {@code io.hotpath}, {@code io.hotpath.kernel} and {@code io.hotpath.kernel.libc}.
 */
@NullMarked
package io.hotpath.kernel.epoll;

import org.jspecify.annotations.NullMarked;
