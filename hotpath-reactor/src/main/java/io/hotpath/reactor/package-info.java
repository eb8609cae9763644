/**
 * Completions as a {@code Flux}: {@link io.hotpath.reactor.CompletionStream} gives typed events of one loop, {@link
 * io.hotpath.reactor.Connections} declares what each connection does. {@link io.hotpath.reactor.HotpathServer} and {@link
 * io.hotpath.reactor.HotpathClient} do without events: a handler per connection.
 *
 * <p>Written on {@code io.hotpath.engine}; knows nothing of Netty and nothing of what is below the engine.
 *
 * <p><b>Who releases a lease.</b>
 *
 * <table>
 * <caption>Ownership of a {@link io.hotpath.reactor.HotpathBuffer}</caption>
 * <tr><th>where it comes from</th><th>who releases it</th></tr>
 * <tr><td>a {@code Recv} event</td><td>the subscriber: {@code release()}, or {@code connection.send(buffer)}</td></tr>
 * <tr><td>{@code connection.receive()}, {@code inbound.receive()}</td><td>itself after {@code onNext},
 * unless it was sent or retained there</td></tr>
 * <tr><td>{@code receive()} after {@code retain()}</td><td>whoever retained it</td></tr>
 * <tr><td>given to {@code send(...)}</td><td>the connection, also when the send fails</td></tr>
 * <tr><td>an event after {@code cancel}, or one that its subscriber failed on</td><td>the stream</td></tr>
 * <tr><td>an event that an operator discards</td><td>{@link io.hotpath.reactor.HotpathEvent#releaseDiscarded}, or a
 * {@code doOnDiscard} of yours</td></tr>
 * </table>
 */
@NullMarked
package io.hotpath.reactor;

import org.jspecify.annotations.NullMarked;
