/**
 * Netty channels on Hotpath: {@link io.hotpath.netty.HotpathEventLoopGroup} with {@link
 * io.hotpath.netty.HotpathServerSocketChannel} and {@link io.hotpath.netty.HotpathSocketChannel}.
 *
 * <p>Written on {@code io.hotpath.engine}; uses nothing of Netty's native transports, knows nothing of {@code
 * io.hotpath.reactor} and nothing of what is below the engine.
 *
 * <p>How it differs from the engine's own API, because Netty's users aggregate: what is read is copied into a buffer of the
 * channel's allocator and its ring buffer goes back at once, or, if it is long and buffers are plentiful, lent as it is. Nobody
 * waits for what was lent: it is a quarter of a connection's quota at most, beyond that everything is copied. A channel with
 * {@code autoRead} on is never parked. With {@code autoRead} off the receive stays armed, bytes wait in the engine up to its quota,
 * and a peer that leaves is still noticed. What is written and small is copied when it is flushed, and is written with that.
 */
@NullMarked
package io.hotpath.netty;

import org.jspecify.annotations.NullMarked;
