package io.hotpath.spring;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** {@code hotpath} among the health contributors. */
@AutoConfiguration(after = HotpathAutoConfiguration.class, beforeName = "org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration")
@ConditionalOnClass({Health.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnEnabledHealthIndicator("hotpath")
@ConditionalOnBean(HotpathLoops.class)
public final class HotpathHealthAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean(name = "hotpathHealthIndicator")
    HealthIndicator hotpathHealthIndicator(HotpathLoops loops) {
        return new HotpathHealthIndicator(loops);
    }
}
