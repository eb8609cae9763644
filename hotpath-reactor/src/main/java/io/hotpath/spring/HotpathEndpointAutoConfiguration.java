package io.hotpath.spring;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** The actuator endpoint, where it is exposed. */
@AutoConfiguration(after = HotpathAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
@ConditionalOnAvailableEndpoint(HotpathEndpoint.class)
@ConditionalOnBean(HotpathLoops.class)
public final class HotpathEndpointAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    HotpathEndpoint hotpathEndpoint(HotpathLoops loops) {
        return new HotpathEndpoint(loops);
    }
}
