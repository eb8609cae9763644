/**
 * Spring Boot on Hotpath: with this artifact on the class path the auto-configuration gives WebFlux's server, {@code WebClient}
 * and RSocket Hotpath's event loops, through the {@code ReactorResourceFactory} bean that they all take. Everything here is
 * used by Spring Boot only; properties begin with {@code hotpath}.
 */
@NullMarked
package io.hotpath.spring;

import org.jspecify.annotations.NullMarked;
