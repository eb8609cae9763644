/**
 * Listeners and connections over a ring, and the five promises about them: accept is first; receives are in byte order and
 * hold one lease each; one {@code sent} per send call, in order; close is once and last; one thread, one event at a time.
 *
 * <p>{@link io.hotpath.engine.Engine} is passive: whoever owns it turns it. What a connection does lies in three classes
 * named after it: {@code Receiver}, {@code Sender}, {@code Closer}; {@link io.hotpath.engine.Leases} says who owns each
 * buffer. May use {@code io.hotpath.ring} and what is below it.
 */
@NullMarked
package io.hotpath.engine;

import org.jspecify.annotations.NullMarked;
