/**
 * The kernel that drives io_uring: the system calls and the C library through {@code java.lang.foreign}, the mapping of a
 * ring's queues, and the words for a host that refuses.
 *
 * <p>May use {@code io.hotpath} and {@code io.hotpath.kernel}. Downcalls are declared in {@link
 * io.hotpath.kernel.linux.Syscalls} and memory is mapped in {@link io.hotpath.kernel.linux.Mmap}, nowhere else.
 */
@NullMarked
package io.hotpath.kernel.linux;

import org.jspecify.annotations.NullMarked;
