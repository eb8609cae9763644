package io.hotpath.samples.webflux;

import static org.springframework.web.reactive.function.server.RequestPredicates.accept;
import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import java.util.Map;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;

/** What is not a controller: a functional route and the WebSocket's path. */
@SpringBootApplication(proxyBeanMethods = false)
class WebFluxApplication {
    private static final int BEFORE_CONTROLLERS = -1;

    @Bean
    RouterFunction<ServerResponse> greeting() {
        return route()
                .GET("/greeting/{name}", accept(MediaType.TEXT_PLAIN), request -> ServerResponse.ok()
                        .contentType(MediaType.TEXT_PLAIN)
                        .bodyValue("hello " + request.pathVariable("name")))
                .build();
    }

    @Bean
    HandlerMapping sockets() {
        return new SimpleUrlHandlerMapping(Map.of("/chat", new ChatSocket()), BEFORE_CONTROLLERS);
    }
}
