/** An ordinary Spring WebFlux application. That it runs on Hotpath is nowhere in its code: the dependency does it. */
@NullMarked
package io.hotpath.samples.webflux;

import org.jspecify.annotations.NullMarked;
