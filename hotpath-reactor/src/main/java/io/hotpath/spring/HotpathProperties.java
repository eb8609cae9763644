package io.hotpath.spring;

import io.hotpath.KernelPolicy;
import io.hotpath.engine.EngineConfig;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * {@code hotpath.*} of an application's configuration.
 *
 * @param enabled        whether the application's event loops are Hotpath's
 * @param kernel         which kernel may serve: {@code auto} takes epoll where io_uring is refused, {@code io-uring} fails the
 *                       start then, {@code epoll} does not try io_uring
 * @param loops          event loops; 0 takes reactor-netty's number
 * @param buffers        receive buffers of each loop, a power of two
 * @param bufferSize     size of each of them
 * @param maxConnections connections of each loop at a time; one more is reset at once
 */
@ConfigurationProperties("hotpath")
public record HotpathProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("auto") KernelPolicy kernel,
        @DefaultValue("0") int loops,
        @DefaultValue("512") int buffers,
        @DefaultValue("8KB") DataSize bufferSize,
        @DefaultValue("262144") int maxConnections) {

    /** These sizes, everything else as {@link EngineConfig#DEFAULT} has it. */
    EngineConfig engineConfig() {
        return EngineConfig.DEFAULT
                .withPolicy(kernel)
                .withBuffers(buffers, Math.toIntExact(bufferSize.toBytes()))
                .withConnectionsMax(maxConnections);
    }
}
