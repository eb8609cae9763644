package io.hotpath.bench.serving;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * A Spring WebFlux application with one annotated controller: the same on each event loop.
 *
 * @param context the running application
 * @param channel its server channel
 */
public record WebFluxServing(ConfigurableApplicationContext context, Channel channel) {
    /** The application; Spring needs it to be visible. */
    @EnableAutoConfiguration
    @RestController
    public static class Application {
        private static final ResponseEntity<String> HELLO = ResponseEntity.ok()
                .contentType(MediaType.TEXT_PLAIN)
                .body("Hello, World!");

        @GetMapping("/")
        public ResponseEntity<String> hello() {
            return HELLO;
        }
    }

    /** Starts it with {@code properties} of the application beside those of the command line. */
    public static WebFluxServing start(ServerOptions options, Map<String, Object> properties) {
        AtomicReference<Channel> channel = new AtomicReference<>();
        NettyServerCustomizer customizer = server -> server
                .option(ChannelOption.SO_BACKLOG, ServerOptions.BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .doOnBound(bound -> channel.set(bound.channel()));
        ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
                .initializers((GenericApplicationContext each) -> each.registerBean(
                        NettyServerCustomizer.class, () -> customizer))
                .properties(Map.of(
                        "server.address", options.address().getHostString(),
                        "server.port", options.address().getPort(),
                        "spring.main.banner-mode", "off",
                        "logging.level.root", "warn"))
                .properties(properties)
                .run();
        return new WebFluxServing(context, Objects.requireNonNull(channel.get()));
    }
}
