/** Servers under mixed traffic and random faults for as long as one likes, every byte checked. */
@NullMarked
package io.hotpath.samples.soak;

import org.jspecify.annotations.NullMarked;
