/**
 * Faults of the host, made on purpose: io_uring refused in every way that hosts refuse it, signals, limits, namespaces.
 *
 * <p>A fault belongs to a process, so most tests start a {@link io.hotpath.faults.Child}, tell it line by line what to do
 * and look at it from outside with {@link io.hotpath.faults.ClosingAudit}. Each test also shows that its fault really
 * happened. Tests tagged {@code forked} start a JVM and run in {@code mvn verify}; those tagged {@code faults} need root,
 * strace, namespaces or a setting of the whole machine and run with {@code mvn verify -Pfaults}.
 */
@NullMarked
package io.hotpath.faults;

import org.jspecify.annotations.NullMarked;
