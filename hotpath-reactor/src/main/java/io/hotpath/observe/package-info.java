/**
 * What Hotpath shows of itself to tools that an application may have: {@link io.hotpath.observe.HotpathMeters} for Micrometer,
 * {@link io.hotpath.observe.HotpathBlockHound} for BlockHound. Each needs its tool on the class path and is not loaded without.
 *
 * <p>Written on {@code io.hotpath.engine}; knows neither Reactor's nor Netty's side, so that it serves both.
 */
@NullMarked
package io.hotpath.observe;

import org.jspecify.annotations.NullMarked;
