package io.hotpath.spring;

import io.hotpath.observe.HotpathMeters;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** The loops' meters in the application's registries, named {@code webflux}. */
@AutoConfiguration(after = HotpathAutoConfiguration.class)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean(HotpathLoops.class)
public final class HotpathMetricsAutoConfiguration {
    @Bean
    @ConditionalOnMissingBean
    HotpathMeters hotpathMeters(HotpathLoops loops) {
        return HotpathMeters.of(HotpathLoops.NAME, loops.count(), loops::stats);
    }
}
