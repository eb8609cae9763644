package io.hotpath.spring;

import io.hotpath.netty.HotpathLoopResources;
import java.lang.System.Logger.Level;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import reactor.netty.resources.LoopResources;

/**
 * Hotpath's event loops for everything in the application that runs on reactor-netty. An application's own {@link
 * ReactorResourceFactory} wins, with one warning; {@code hotpath.enabled=false} switches it off.
 */
@AutoConfiguration(beforeName = {
    "org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration",
    "org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration",
    "org.springframework.boot.rsocket.autoconfigure.RSocketServerAutoConfiguration"})
@ConditionalOnClass({ReactorResourceFactory.class, LoopResources.class, HotpathLoopResources.class})
@ConditionalOnBooleanProperty(name = "hotpath.enabled", matchIfMissing = true)
@EnableConfigurationProperties(HotpathProperties.class)
public final class HotpathAutoConfiguration {
    private static final System.Logger LOG = System.getLogger(HotpathAutoConfiguration.class.getName());

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingBean(ReactorResourceFactory.class)
    static class Loops {
        @Bean
        HotpathLoops hotpathLoops(HotpathProperties properties) {
            return new HotpathLoops(properties);
        }

        /** Not the global resources: these loops end with their application. */
        @Bean
        ReactorResourceFactory reactorResourceFactory(HotpathLoops loops) {
            ReactorResourceFactory factory = new ReactorResourceFactory();
            factory.setUseGlobalResources(false);
            factory.setLoopResourcesSupplier(loops::open);
            return factory;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingBean(HotpathLoops.class)
    @ConditionalOnBean(ReactorResourceFactory.class)
    static class SteppedAside {
        SteppedAside() {
            LOG.log(Level.WARNING, () -> "loops=reactor_netty cause=own_ReactorResourceFactory"
                    + " remedy=give_it_HotpathLoopResources_or_set_hotpath.enabled=false");
        }
    }
}
