/** A completion stream of Hotpath as a bean: it listens on a second port, and browsers read its events as server-sent ones. */
@NullMarked
package io.hotpath.samples.webflux.events;

import org.jspecify.annotations.NullMarked;
