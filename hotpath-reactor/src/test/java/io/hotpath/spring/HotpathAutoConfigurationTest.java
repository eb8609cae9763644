package io.hotpath.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.hotpath.EngineException;
import io.hotpath.KernelPolicy;
import io.hotpath.observe.HotpathMeters;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.context.ConfigurationPropertiesAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;

/** Who gets Hotpath's loops, and who does not. */
class HotpathAutoConfigurationTest {
    private static final int EPERM = 1;

    private final ReactiveWebApplicationContextRunner runner = new ReactiveWebApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    ConfigurationPropertiesAutoConfiguration.class,
                    HotpathAutoConfiguration.class,
                    HotpathHealthAutoConfiguration.class,
                    HotpathEndpointAutoConfiguration.class,
                    HotpathMetricsAutoConfiguration.class));

    @Test
    void theDependencyIsEnough() {
        runner.run(context -> {
            assertThat(context).hasSingleBean(ReactorResourceFactory.class).hasSingleBean(HotpathLoops.class);
            HotpathLoops loops = context.getBean(HotpathLoops.class);
            ReactorResourceFactory factory = context.getBean(ReactorResourceFactory.class);
            assertThat(factory.isUseGlobalResources()).isFalse();
            assertThat(factory.getLoopResources()).isNotNull().isSameAs(loops.current());
            assertThat(loops.stats()).as("no loop begins before it is needed").isEmpty();
        });
    }

    @Test
    void theLoopsEndWithTheirApplication() {
        runner.run(context -> {
            HotpathLoops loops = context.getBean(HotpathLoops.class);
            var before = loops.current();
            assertThat(before).isNotNull();
            context.close();
            assertThat(before.isDisposed()).isTrue();
        });
    }

    @Test
    void aFactoryOfTheApplicationsOwnWins() {
        runner.withUserConfiguration(OwnFactory.class).run(context -> {
            assertThat(context).hasSingleBean(ReactorResourceFactory.class).doesNotHaveBean(HotpathLoops.class);
            assertThat(context).hasSingleBean(HotpathAutoConfiguration.SteppedAside.class);
            assertThat(context).doesNotHaveBean(HotpathEndpoint.class).doesNotHaveBean("hotpathHealthIndicator");
        });
    }

    @Test
    void itCanBeSwitchedOff() {
        runner.withPropertyValues("hotpath.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ReactorResourceFactory.class));
    }

    @Test
    void withoutReactorNettyThereIsNothingToDo() {
        runner.withClassLoader(new FilteredClassLoader("reactor.netty"))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(HotpathLoops.class));
    }

    @Test
    void withoutActuatorThereAreTheLoopsOnly() {
        // of the other two an application without actuator reads only that their classes are missing
        new ReactiveWebApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        ConfigurationPropertiesAutoConfiguration.class, HotpathAutoConfiguration.class))
                .withClassLoader(
                        new FilteredClassLoader("org.springframework.boot.actuate", "org.springframework.boot.health"))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(HotpathLoops.class));
    }

    @Test
    void healthIsThereAndTheEndpointWhereItIsExposed() {
        runner.withPropertyValues("management.endpoints.web.exposure.include=hotpath").run(
                context -> assertThat(context).hasBean("hotpathHealthIndicator").hasSingleBean(HotpathEndpoint.class));
        runner.withPropertyValues("management.health.hotpath.enabled=false").run(context -> assertThat(context)
                .doesNotHaveBean("hotpathHealthIndicator").doesNotHaveBean(HotpathEndpoint.class));
    }

    @Test
    void metersAreBoundToTheApplicationsRegistry() {
        runner.withPropertyValues("hotpath.loops=2").run(context -> {
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            context.getBean(HotpathMeters.class).bindTo(registry);
            assertThat(registry.find("hotpath.loop.enters").tag("name", "webflux").functionCounters()).hasSize(2);
        });
    }

    @Test
    void propertiesBecomeTheEngineConfiguration() {
        runner.withPropertyValues("hotpath.kernel=io-uring", "hotpath.loops=3", "hotpath.buffers=64",
                "hotpath.buffer-size=16KB", "hotpath.max-connections=7")
                .run(context -> {
                    HotpathProperties properties = context.getBean(HotpathProperties.class);
                    assertThat(properties.loops()).isEqualTo(3);
                    assertThat(properties.engineConfig().policy()).isEqualTo(KernelPolicy.IO_URING);
                    assertThat(properties.engineConfig().buffers()).isEqualTo(64);
                    assertThat(properties.engineConfig().bufferBytes()).isEqualTo(16 << 10);
                    assertThat(properties.engineConfig().connectionsMax()).isEqualTo(7);
                    assertThat(context.getBean(HotpathLoops.class).current()).hasToString(
                            "HotpathLoopResources{loops=3, enabled=true}");
                });
    }

    @Test
    void metadataNamesEveryProperty() throws IOException {
        String metadata;
        try (InputStream in =
                HotpathProperties.class.getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            assertThat(in).isNotNull();
            metadata = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        assertThat(Pattern.compile("\"name\": \"hotpath\\.([a-z-]+)\"").matcher(metadata).results()
                .map(each -> each.group(1)))
                .containsExactlyElementsOf(Arrays.stream(HotpathProperties.class.getRecordComponents())
                        .map(RecordComponent::getName)
                        .map(name -> name.replaceAll("([A-Z])", "-$1").toLowerCase(java.util.Locale.ROOT))
                        .toList());
    }

    @Test
    void aRefusedEngineIsExplained() {
        FailureAnalysis analysis = new EngineFailureAnalyzer().analyze(new IllegalStateException(
                new EngineException("io_uring_setup", EPERM, "see sysctl kernel.io_uring_disabled")));
        assertThat(analysis).isNotNull();
        assertThat(analysis.getDescription()).contains("io_uring_setup").contains("EPERM");
        assertThat(analysis.getAction()).contains("hotpath.kernel=auto").contains("hotpath.enabled=false");
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnFactory {
        @Bean
        ReactorResourceFactory mine() {
            return new ReactorResourceFactory();
        }
    }
}
