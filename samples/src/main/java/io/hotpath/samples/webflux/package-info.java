/**
 * An ordinary Spring WebFlux application. That it runs on Hotpath is nowhere in the code of this package: the dependency does it.
 * Beside it, in packages of their own, are what is about Hotpath: a second port whose completions are events for browsers, and a
 * board that shows the rings.
 */
@NullMarked
package io.hotpath.samples.webflux;

import org.jspecify.annotations.NullMarked;
