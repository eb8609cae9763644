package io.hotpath.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.engine.EngineStats;
import io.hotpath.netty.HotpathSocketChannel;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A WebFlux application with the dependency on its class path, server and client. */
@Timeout(300)
class WebFluxIT {
    private static final Duration LONG = Duration.ofMinutes(2);

    /** Of every connection that a server accepted. */
    private static final Queue<Channel> ACCEPTED = new ConcurrentLinkedQueue<>();

    @ParameterizedTest
    @ValueSource(strings = {"auto", "io-uring", "epoll"})
    void serverAndClientRunOnHotpath(String kernel) {
        ACCEPTED.clear();
        try (ConfigurableApplicationContext application = start("hotpath.kernel=" + kernel)) {
            WebClient client = client(application);
            assertThat(client.get().uri("/hello").retrieve().bodyToMono(String.class).block(LONG)).isEqualTo("hello");
            assertThat(ACCEPTED).isNotEmpty()
                    .allSatisfy(each -> assertThat(each).isInstanceOf(HotpathSocketChannel.class));
            HotpathLoops loops = application.getBean(HotpathLoops.class);
            assertThat(loops.stats().stream().mapToLong(EngineStats::bytesIn).sum()).isPositive();
            assertThat(loops.stats()).allSatisfy(
                    each -> assertThat(each.kernel()).isEqualTo(kernel.equals("epoll") ? "epoll" : "io_uring"));
            var health = application.getBean("hotpathHealthIndicator", HealthIndicator.class).health();
            assertThat(health).isNotNull();
            assertThat(health.getStatus()).isEqualTo(Status.UP);
            assertThat(health.getDetails()).containsKeys("kernels", "loops", "connections", "failovers");
        }
    }

    @Test
    void switchedOffItRunsAsWithoutTheDependency() {
        ACCEPTED.clear();
        try (ConfigurableApplicationContext application = start("hotpath.enabled=false")) {
            assertThat(client(application).get().uri("/hello").retrieve().bodyToMono(String.class).block(LONG))
                    .isEqualTo("hello");
            assertThat(ACCEPTED).isNotEmpty()
                    .allSatisfy(each -> assertThat(each).isNotInstanceOf(HotpathSocketChannel.class));
        }
    }

    @Test
    void aTenMebibyteBodyIsCollectedOnATinyRing() {
        try (ConfigurableApplicationContext application = start("hotpath.buffers=16", "hotpath.buffer-size=1KB")) {
            byte[] body = new byte[10 << 20];
            new java.util.SplittableRandom(7).nextBytes(body);
            byte[] back = client(application).post().uri("/mirror").bodyValue(body).retrieve()
                    .bodyToMono(byte[].class).block(LONG);
            assertThat(back).isEqualTo(body);
        }
    }

    @Test
    void requestsGoOnWhileTheRingIsForcedUnhealthy() {
        try (ConfigurableApplicationContext application = start("hotpath.kernel=auto")) {
            WebClient client = client(application);
            var loops = application.getBean(HotpathLoops.class).current();
            assertThat(loops).isNotNull();
            Long answers = Flux.range(0, 2_000)
                    .flatMap(i -> {
                        if (i % 400 == 200) {
                            loops.loops().forceUnhealthy();
                        }
                        return client.get().uri("/hello").retrieve().bodyToMono(String.class).filter("hello"::equals);
                    }, 32)
                    .count().block(LONG);
            assertThat(answers).isEqualTo(2_000);
            assertThat(loops.stats()).allSatisfy(each -> assertThat(each.failovers()).isGreaterThanOrEqualTo(5));
        }
    }

    private static ConfigurableApplicationContext start(String... properties) {
        return new SpringApplicationBuilder(Application.class).web(WebApplicationType.REACTIVE)
                .properties(Map.of("server.port", "0", "spring.main.banner-mode", "off",
                        "spring.http.codecs.max-in-memory-size", "16MB"))
                .properties(properties)
                .run();
    }

    private static WebClient client(ConfigurableApplicationContext application) {
        WebServerApplicationContext server = (WebServerApplicationContext) application;
        assertThat(server.getWebServer()).isNotNull();
        return WebClient.builder()
                .clientConnector(new ReactorClientHttpConnector(
                        application.getBean(ReactorResourceFactory.class), client -> client))
                .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(16 << 20))
                .baseUrl("http://127.0.0.1:" + server.getWebServer().getPort())
                .build();
    }

    @SpringBootConfiguration
    @EnableAutoConfiguration
    @RestController
    static class Application {
        @Bean
        NettyServerCustomizer connections() {
            return server -> server.doOnConnection(connection -> ACCEPTED.add(connection.channel()));
        }

        @GetMapping("/hello")
        Mono<String> hello() {
            return Mono.just("hello");
        }

        @PostMapping("/mirror")
        byte[] mirror(@RequestBody byte[] body) {
            return body;
        }
    }
}
